"""A file as it lies there: read once, whole, and never written."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from galvanaut.core.errors import InputError
from galvanaut.instruments.vendorfiles.delimited import delimiter_of, plain, split

_SEARCHED = 400
"""Lines in which a row of column names is looked for; the longest preamble of a sample has 97."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class RawFile:
    """The bytes of a file: checksum and readings are of the same ones, whoever writes to it meanwhile.

    Attributes:
        path: where it lies.
        data: all of it.
    """

    path: Path
    data: bytes

    @classmethod
    def read(cls, path: Path) -> RawFile:
        """Read a file.

        Raises:
            InputError: it cannot be read, or is empty.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror or error})") from None
        if not data:
            raise InputError(path, "is empty; export it again")
        return cls(path, data)

    @cached_property
    def sha256(self) -> str:
        """Checksum of the bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def is_text(self) -> bool:
        """Whether it looks like text, be it packed by gzip."""
        return b"\0" not in self._unpacked[:4096]

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, without their ends; UTF-8, or what Windows programs write in western countries."""
        try:
            text = self._unpacked.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self._unpacked.decode("cp1252", errors="replace")
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def find_names(self, *wanted: str) -> int | None:
        """Index of the first line with all of these column names, however they are spelled; None if there is none."""
        if not self.is_text:
            return None
        sought = {plain(name) for name in wanted}
        return next((index for index, names in enumerate(self._names) if sought <= names), None)

    @cached_property
    def _names(self) -> list[frozenset[str]]:
        head = self.lines[:_SEARCHED]
        return [frozenset(map(plain, split(line, delimiter_of(line)))) for line in head]

    @cached_property
    def _unpacked(self) -> bytes:
        if not self.data.startswith(_GZIP):
            return self.data
        try:
            return gzip.decompress(self.data)
        except (EOFError, OSError, zlib.error):
            raise InputError(self.path, "is a damaged or truncated gzip archive; copy or export it again") from None
