"""A cycler without an open interface: a person starts its tests, and its exports are left in a folder.

It is no instrument of the bench. Nothing is ever sent to it, so it can neither be made safe nor watched, and the limits
of its cells are its own. All that a bench file says of it is where its files come and how to know them.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from galvanaut.core.units import Unit

_CELL = "{cell}"
_DEEP = "**"
"""Stands for any number of folders."""


class FileCycler(BaseModel):
    """One such cycler, as the bench file describes it.

    Attributes:
        folder: where its exports come; relative to where the command runs.
        pattern: of their names, as in a shell; ``{cell}`` stands for the cell's name, in the name of the file or of a
            folder that it lies in, such as ``{cell}/*.csv``. Without it, the name inside of the file decides.
        period_s: from one look into the folder to the next, s.
        deadline_s: a test without a file by then has failed, s.
        unchanged_s: a file must have stayed as it is for so long, and for two looks, s. Where the cycler's program
            saves backups into the folder while a test runs, longer than from one backup to the next.
        time_zone: of the cycler's computer, e.g. ``Europe/Berlin``.
        protocol: form of protocols that its program loads, for the person who starts the tests.
        protocols: folder where these are put, likewise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    pattern: str = "*{cell}*"
    period_s: Annotated[float, Unit("s"), Field(gt=0)] = Field(default=60.0, alias="period")
    deadline_s: Annotated[float, Unit("s"), Field(gt=0)] = Field(default=60 * 86400.0, alias="deadline")
    unchanged_s: Annotated[float, Unit("s"), Field(ge=0)] = Field(default=0.0, alias="unchanged")
    time_zone: str = "UTC"
    protocol: str = ""
    protocols: Path | None = None

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        path = PurePath(pattern)
        if not pattern.strip() or path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{pattern!r} is no pattern for files in the folder; write e.g. '*{_CELL}*.ndax'")
        if "\\" in pattern:
            raise ValueError(f"{pattern!r} has a backslash; write / between folder and file, e.g. '{_CELL}/*.csv'")
        if path.name == _DEEP or any(_DEEP in part and part != _DEEP for part in path.parts):
            raise ValueError(f"{pattern!r} has ** within a name; it stands for folders, as in '**/*{_CELL}*.csv'")
        if pattern.count(_CELL) > sum(part.count(_CELL) for part in (*_before(path), *_behind(path))):
            raise ValueError(f"{pattern!r} has {_CELL} between two **; write it before or behind them")
        return pattern

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            raise ValueError(f"{name!r} is no time zone; write e.g. 'Europe/Berlin'") from None
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def names_cells(self) -> bool:
        """Whether the name of a file, or of a folder that it lies in, says which cell it is of."""
        return _CELL in self.pattern

    def files(self, cell: str) -> dict[Path, tuple[int, int]]:
        """Files that may be of a cell, each with what changes while it is written: its size and its date.

        Raises:
            OSError: the folder cannot be read.
        """
        next(self.folder.iterdir(), None)  # a missing folder is no empty one
        found = {}
        for path in sorted(self.folder.glob(self.pattern.replace(_CELL, cell))):
            if path.name.startswith((".", "~")) or path.suffix in (".tmp", ".part") or not path.is_file():
                continue
            if not self._is_named(path, cell, "A-Za-z0-9"):  # cell_1 is not cell_12
                continue
            state = path.stat()
            found[path] = (state.st_size, state.st_mtime_ns)
        return {path: state for path, state in found.items() if state[0]}

    def may_be_another(self, cell: str, file: Path) -> bool:
        """Whether a file, by the name that the pattern takes for the cell's, may be of one whose name contains this.

        Names of cells contain hyphens: ``fast-ageing-001-1.csv`` is not of cell ageing-001-1.
        """
        return not self._is_named(file, cell, "A-Za-z0-9-")

    def called(self, file: Path) -> str:
        """A file as people find it: its name, after that of the folders below the cycler's that it lies in."""
        return file.relative_to(self.folder).as_posix()

    def _is_named(self, file: Path, cell: str, letters: str) -> bool:
        """Whether the cell's name, with none of the letters beside it, stands wherever the pattern says."""
        with_name = re.compile(rf"(?<![{letters}]){re.escape(cell)}(?![{letters}])")
        parts, pattern = file.relative_to(self.folder).parts, PurePath(self.pattern)
        front, back = _before(pattern), _behind(pattern)
        pairs = [*zip(front, parts, strict=False), *zip(back[::-1], parts[::-1], strict=False)]
        return all(with_name.search(part) for wanted, part in pairs if _CELL in wanted)

    def instruction(self, name: str, cell: str, test: str) -> str:
        """What the person at the cycler has to do.

        Args:
            name: of this cycler in the bench file.
            cell: to be tested.
            test: to be run on it.
        """
        where = f" from {self.protocols}" if self.protocols else ""
        form = f" ({self.protocol})" if self.protocol else ""
        named = self.pattern.replace(_CELL, cell)
        beside = f", with no letter, digit or hyphen beside {cell}" if self.names_cells else ""
        return (
            f"start test {test} of cell {cell} on {name} by hand: load its protocol{form}{where}, set the cycler's "
            f"own safety limits, and enter {cell} as the name of the cell. When the test has ended, export all its "
            f"readings into {self.folder} under a name like {named}{beside}"
        )


def _before(pattern: PurePath) -> tuple[str, ...]:
    """Folders of a pattern before its first ``**``; none if it has no such place."""
    return pattern.parts[: pattern.parts.index(_DEEP)] if _DEEP in pattern.parts else ()


def _behind(pattern: PurePath) -> tuple[str, ...]:
    """Folders and file of a pattern behind its last ``**``; all of them if it has no such place."""
    parts = pattern.parts
    return parts[len(parts) - parts[::-1].index(_DEEP) :] if _DEEP in parts else parts
