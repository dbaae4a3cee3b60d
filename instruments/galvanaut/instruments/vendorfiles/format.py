"""What makes a format: how it is recognised, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from galvanaut.instruments.vendorfiles.content import Content
from galvanaut.instruments.vendorfiles.rawfile import RawFile


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        name: for people, e.g. ``Neware ndax``.
        suffixes: that such files usually have, in lower case.
        recognises: whether a file is of this kind, by its content; cheap.
        read: what is in it, given the time zone of the clock that printed its dates. Raises `InputError` if it is
            damaged, or if it is of a kind that holds no readings.
        holds_readings: whether a file of this kind can be imported at all.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[RawFile], bool]
    read: Callable[[RawFile, tzinfo], Content]
    holds_readings: bool = True

    def has_name_of(self, file: RawFile) -> bool:
        """Whether the file's name ends as that of such files usually does."""
        return file.path.name.lower().endswith(self.suffixes)
