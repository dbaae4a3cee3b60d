"""The fitted constants as a file, with what they were fitted to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from galvanaut.core.errors import InputError
from galvanaut.simulators.electrolyte.datasets import CALISOL_FILE, ROBOT_FILE
from galvanaut.simulators.electrolyte.form import PARAMETERS
from galvanaut.simulators.electrolyte.regression import Fit

COEFFICIENTS_FILE = Path(__file__).parent / "coefficients.json"
"""Fitted to all measurements."""
PAPERS_FILE = Path(__file__).parent / "coefficients_papers.json"
"""Fitted to the papers alone, without the robot."""
FILES = (ROBOT_FILE, CALISOL_FILE)


@lru_cache(maxsize=4)
def read_fit(path: Path = COEFFICIENTS_FILE) -> Fit:
    """The fit kept in a file.

    Raises:
        InputError: the file is missing, or not what `write_fit` writes.
    """
    remedy = "write it with `python -m galvanaut.simulators.electrolyte.fit --write`"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parameters = np.array([float(content["parameters"][name]) for name in PARAMETERS])
        offsets = {name: float(value) for name, value in content["laboratory_offsets_ln"].items()}
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror}); {remedy}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"does not hold the constants of the conductivity law ({error!r}); {remedy}") from None
    if not np.all(np.isfinite(parameters)):
        raise InputError(path, f"holds a constant that is not a number; {remedy}")
    return Fit(parameters, offsets)


def write_fit(result: Fit, path: Path = COEFFICIENTS_FILE) -> None:
    """Keep a fit of the shipped data, or with the path `PAPERS_FILE` one of the papers alone."""
    content = {
        "law": "ln k = ln m + a(x) + s(x) sqrt(m) + c(x) m - 100 b(x) / (T - t(x) - tau m); see form.py",
        "units": "k mS/cm, m mol/kg of solvent, T K, x mass shares of the solvent",
        "parameters": {name: round(float(value), 8) for name, value in zip(PARAMETERS, result.parameters, strict=True)},
        "laboratory_offsets_ln": {name: round(value, 5) for name, value in result.offsets.items()},
        "fitted_to_sha256": data_digests((CALISOL_FILE,) if path.name == PAPERS_FILE.name else FILES),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def data_digests(files: Sequence[Path] = FILES) -> dict[str, str]:
    """SHA-256 of shipped data files, by name; of all of them unless some are given."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
