"""Versions of what a planner's proposals depend on beside the data: packages, and the kind of processor."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("galvanaut", "numpy", "scipy", "bayesian-optimization", "scikit-learn")


def versions() -> dict[str, str]:
    """By name; of a package that is not installed as one, ``unknown``."""
    return {
        **{name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "processor": f"{platform.machine()} {_kernels()}".strip(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _kernels() -> str:
    """For which processor linear algebra has chosen its routines; sums may differ in their last digit between them."""
    from galvanaut.campaigns.planners.threads import architectures

    return " ".join(architectures())
