"""The modules of `benchmarks/planners`, which are scripts and no package of the project."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "planners"


@pytest.fixture(scope="session")
def planners() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of the comparison by name."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module
    sys.path.remove(str(FOLDER))
    for name in set(sys.modules) - before:  # their names are so plain that others may want them
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
