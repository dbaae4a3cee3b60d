"""Numbers that JSON does not know."""

from __future__ import annotations

import math
from typing import Any


def finite(value: Any) -> Any:
    """What is going to be written as JSON, with infinite and unknown numbers as null."""
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
