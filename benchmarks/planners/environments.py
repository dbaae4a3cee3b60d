"""Installs the libraries that are compared, each in a virtual environment of its own; some 5 GB, some minutes.

    uv run benchmarks/planners/environments.py [FOLDER]

The environments need not hold this project: `run.py` lets them import it from this checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_FOLDER = HERE / ".environments"
TORCH = "torch==2.13.0"
LIBRARIES = {
    "botorch": ("botorch==0.18.1",),
    "optuna": ("optuna>=5,<6", "greenlet"),  # with greenlet its Gaussian process answers sooner
    "baybe": ("baybe==0.15.0",),
    "ax": ("ax-platform==1.3.1",),
}
"""What each environment holds beside torch and what the project itself needs for planning."""
WITH_BOTORCH = ("botorch", "baybe", "ax")
_BUILD_KERNEL = """
import os, shutil, sysconfig, tempfile
with tempfile.TemporaryDirectory() as folder:
    os.environ["TORCH_EXTENSIONS_DIR"] = folder
    from botorch.acquisition.multi_objective import logei
    logei._try_load_fused_kernel()
    built = getattr(logei._C, "__file__", None)
    if built is not None and built.startswith(folder):
        shutil.copy(built, sysconfig.get_path("platlib"))
"""
"""BoTorch compiles a part of its hypervolume when it is first asked, behind a lock file in a cache that all processes
share; one that is killed meanwhile leaves the lock, and all later ones wait for ever. Built once, it is just imported.
Without a C++ compiler BoTorch does without, slower.
"""
PROJECT_NEEDS = ("numpy", "scipy", "scikit-learn", "threadpoolctl")


def main() -> None:
    """Make those that are not there."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    for name, packages in LIBRARIES.items():
        place = folder / name
        if python_of(place).exists():
            print(f"{name}: is there")
            continue
        venv.create(place, with_pip=True)
        wanted = [TORCH, *_pinned(), *packages]
        subprocess.run([python_of(place), "-m", "pip", "install", "--quiet", *wanted], check=True)
        if name in WITH_BOTORCH:
            path = os.pathsep.join([str(python_of(place).parent), os.environ.get("PATH", "")])  # its ninja
            subprocess.run([python_of(place), "-c", _BUILD_KERNEL], check=True, env={**os.environ, "PATH": path})
        print(f"{name}: installed")


def python_of(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _pinned() -> list[str]:
    """What the project needs, in its pinned versions."""
    project = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    pins: list[str] = project["tool"]["uv"]["constraint-dependencies"]
    return [pin for pin in pins if pin.split("==")[0] in PROJECT_NEEDS]


if __name__ == "__main__":
    main()
