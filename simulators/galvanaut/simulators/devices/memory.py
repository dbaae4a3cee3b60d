"""Settings of an instrument as a flat dataclass, and their way into and out of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

Settings = TypeVar("Settings")


def to_row(settings: Any) -> dict[str, Any]:
    """The fields of a flat dataclass; lists are copied."""
    return {key: list(value) if isinstance(value, list) else value for key, value in vars(settings).items()}


def from_row(kind: type[Settings], row: Mapping[str, Any]) -> Settings:
    """The dataclass whose `to_row` is ``row``."""
    return kind(**{key: list(value) if isinstance(value, list) else value for key, value in row.items()})
