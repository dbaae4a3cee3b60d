"""The house itself: packaging that cannot be broken unnoticed, files of a readable size, nothing private inside."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("core", "campaigns", "instruments", "simulators", "flows")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", ROOMS)
def test_the_namespace_stays_open(room: str) -> None:
    """A file `<room>/galvanaut/__init__.py` would hide the other four rooms."""
    assert not (ROOT / room / "galvanaut" / "__init__.py").exists()
    assert (ROOT / room / "galvanaut" / room / "__init__.py").exists()
    assert (ROOT / room / "galvanaut" / room / "py.typed").exists()


def test_every_tool_knows_every_room() -> None:
    build = PYPROJECT["tool"]["hatch"]["build"]
    assert set(build["dev-mode-dirs"]) == set(ROOMS)
    assert set(build["targets"]["wheel"]["packages"]) == {f"{room}/galvanaut" for room in ROOMS}
    assert set(ROOMS) <= set(PYPROJECT["tool"]["pytest"]["ini_options"]["pythonpath"])
    assert set(ROOMS) <= set(PYPROJECT["tool"]["mypy"]["mypy_path"].split(","))
    assert set(PYPROJECT["tool"]["mypy"]["packages"]) == {f"galvanaut.{room}" for room in ROOMS}
    assert set(PYPROJECT["tool"]["importlinter"]["root_packages"]) == {f"galvanaut.{room}" for room in ROOMS}


def test_heavy_and_copyleft_packages_stay_out_of_the_core() -> None:
    direct = {re.split(r"[\[<>=!~; ]", item)[0].lower() for item in PYPROJECT["project"]["dependencies"]}
    assert direct.isdisjoint({"torch", "pybamm", "pyvisa-py", "galvani", "dask", "ray", "matplotlib"})


def test_pins_name_versions_and_no_hosts() -> None:
    pins = PYPROJECT["tool"]["uv"]["constraint-dependencies"]
    assert all(re.fullmatch(r"[a-z0-9-]+==[A-Za-z0-9.+!]+", pin) for pin in pins)
    assert {"prefect", "fastapi", "numpy", "bayesian-optimization"} <= {pin.split("==")[0] for pin in pins}


def test_no_source_file_is_longer_than_400_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _sources()}
    assert {path.name: lines for path, lines in lengths.items() if lines > 400} == {}


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; sys.argv = ['galvanaut', '--help']\n"
        "from galvanaut.flows.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'prefect', 'pandas', 'scipy', 'sklearn', 'plotly', 'pyvisa', 'pint', 'bayes_opt', 'numpy'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "HEAVY []" in done.stdout
    assert "Usage" in done.stdout


def test_nothing_of_this_machine_is_in_the_project() -> None:
    places = [f"{place}/" for place in (ROOT, ROOT.parent, Path.home()) if len(place.parts) > 1]
    offenders = [str(path) for path in _sources() if any(place in path.read_text("utf-8") for place in places)]
    assert offenders == []


def _sources() -> list[Path]:
    folders = [*ROOMS, "tests", "scripts", "benchmarks"]
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
