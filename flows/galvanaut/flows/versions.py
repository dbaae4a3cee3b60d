"""Versions of what a planner's proposals depend on beside the data: packages, and the kind of processor."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("galvanaut", "numpy", "scipy", "bayesian-optimization", "scikit-learn")
OF_EXTRAS = ("botorch", "gpytorch", "torch", "baybe")


def versions() -> dict[str, str]:
    """By name. Packages of extras are left out where they are missing, others then have the version ``unknown``."""
    return {
        **{name: _version(name) or "unknown" for name in PACKAGES},
        **{name: found for name in OF_EXTRAS if (found := _version(name))},
        "python": platform.python_version(),
        "processor": f"{platform.machine()} {_kernels()}".strip(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _kernels() -> str:
    """For which processor linear algebra has chosen its routines; sums may differ in their last digit between them."""
    from galvanaut.campaigns.planners.threads import architectures

    return " ".join(filter(None, architectures()))  # a library that is loaded late may not say
