"""The lab folder: everything that a lab owns, in files that anybody can read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from galvanaut.core import labdatabase
from galvanaut.core.bdf import SUFFIX
from galvanaut.core.errors import InputError
from galvanaut.core.identifiers import is_name
from galvanaut.core.lock import exclusive
from galvanaut.core.wholefile import write_whole
from galvanaut.instruments.telemetry.sealed import HOT_FILE, RECORDS

Tables = Literal["ledger", "station", "telemetry"]
"""What a lab keeps in SQL."""
_FILES = {"ledger": "ledger.db", "station": "station.db", "telemetry": HOT_FILE}
JOINED = "ledger.json"
"""Says whose ledger a lab uses that shares the campaigns of another one."""
_FIRST_TABLE = {"ledger": "ledger", "station": "journal", "telemetry": "readings"}


@dataclass(frozen=True)
class LabFolder:
    """Where things are in a lab folder.

    Attributes:
        path: the folder.
        database: address of its tables that was asked for, see `galvanaut.core.labdatabase`.
        join: lab whose ledger it was asked to use, see `joinable`.
    """

    path: Path
    database: str | None = None
    join: str | None = None

    @property
    def url(self) -> str | None:
        """Address of the lab's tables on a server; None where they are files in the folder.

        Raises:
            InputError: what was asked for is none, or the lab is kept elsewhere already.
        """
        return labdatabase.address(self.path, self.database)

    @property
    def ledger(self) -> Path | str:
        """Database of decisions and outcomes; of another lab, if this one shares its campaigns."""
        shared = self._noted_join() or self.join
        if shared is None:
            return self.url or self.path / _FILES["ledger"]
        return shared if "://" in shared else LabFolder(Path(shared)).ledger

    def require_no_other_ledger(self) -> None:
        """Refuse to join another lab with one that has a ledger already.

        Raises:
            InputError: it has.
        """
        noted = self._noted_join()
        if self.join is None or noted == self.join:
            return
        if noted is not None or _is_there(self.url or self.path / _FILES["ledger"], "ledger"):
            whose, advice = noted or "its own", "use another --lab for the new one"
            raise InputError(f"--join {self.join}", f"{self.path} has a ledger already ({whose}); {advice}")

    def keep_join(self) -> None:
        """Write down whose ledger is used here, so that every later command finds it."""
        if self.join is not None and self._noted_join() is None:
            write_whole(self.path / JOINED, json.dumps({"lab": self.join}, indent=2).encode() + b"\n")

    @property
    def is_joined(self) -> bool:
        """Whether it shares the campaigns of another lab."""
        return self._noted_join() is not None

    def _noted_join(self) -> str | None:
        path = self.path / JOINED
        try:
            text = json.loads(path.read_text(encoding="utf-8"))["lab"]
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(path, 'cannot be read, or is not of the form {"lab": "FOLDER or ADDRESS"}') from None
        return labdatabase.usual(text, path) if "://" in text else str(text)

    @property
    def station(self) -> Path | str:
        """Database of jobs."""
        return self.url or self.path / _FILES["station"]

    @property
    def telemetry(self) -> Path | str:
        """Database of the readings of tests that run."""
        return self.url or self.path / HOT_FILE

    def has(self, tables: Tables) -> bool:
        """Whether these tables were ever made. None are made here.

        Raises:
            InputError: the database cannot be used, or as `url`.
        """
        place = {"ledger": self.ledger, "station": self.station, "telemetry": self.telemetry}[tables]
        return _is_there(place, _FIRST_TABLE[tables])

    def keep_address(self) -> None:
        """Write down where the tables are, so that every later command finds them; once they were reached.

        Raises:
            InputError: they cannot be reached.
        """
        url = self.url
        if url is not None and labdatabase.noted_in(self.path) is None:
            from galvanaut.core.eventlog import opened

            with opened(url):
                labdatabase.note(self.path, url)

    @property
    def records(self) -> Path:
        """Folder of the sealed records of tests."""
        return self.path / RECORDS

    @property
    def lock(self) -> Path:
        """Held by the process that runs a campaign in this lab."""
        return self.path / "lock"

    @property
    def station_lock(self) -> Path:
        """Held by the process that works the bench."""
        return self.path / "station.lock"

    def world(self, bench: str) -> Path:
        """File of a simulated bench's world."""
        return self.path / "worlds" / f"{_safe(bench, 'bench')}.db"

    @property
    def alarms(self) -> Path:
        """File that says when there is an alarm, and who is told; made by a person."""
        return self.path / "alarms.yaml"

    @property
    def orders(self) -> Path:
        """Pages of work orders."""
        return self.path / "orders"

    def report(self, campaign: str) -> Path:
        """A campaign's report."""
        return self.path / "reports" / f"{_safe(campaign, 'campaign')}.html"

    def record(self, campaign: str, name: str) -> Path:
        """The record of one test."""
        return self.path / "records" / _safe(campaign, "campaign") / f"{_safe(name, 'test')}{SUFFIX}"

    @classmethod
    def existing(cls, path: Path) -> LabFolder:
        """A lab that was begun already.

        Raises:
            InputError: there is none.
        """
        folder = cls(path)
        if not (path.is_dir() and folder.has("ledger") and _holds_ledger(folder.ledger)):
            raise InputError(f"--lab {path}", "is not a lab folder (no ledger in it); `galvanaut run` begins one")
        return folder

    @classmethod
    @contextmanager
    def begun(cls, path: Path, database: str | None = None, join: str | None = None) -> Iterator[LabFolder]:
        """A lab to write to, made when missing. If the block does not end well, a folder that was made goes again.

        Only for opening: once a lab is open its folder stays, whatever happens. So does a folder that was there
        before, or that another process took meanwhile.

        Args:
            path: the folder.
            database: address of its tables that was asked for.
            join: lab whose ledger it was asked to use, see `joinable`.

        Raises:
            InputError: it cannot be made or written.
        """
        made = False
        try:
            try:
                made = not path.exists()  # before it is: an interruption may come between the making and our knowing
                made = _make(path)
                (path / "worlds").mkdir(exist_ok=True)
            except OSError as error:
                raise InputError(f"--lab {path}", f"cannot be made ({error.strerror})") from None
            if not os.access(path, os.W_OK | os.X_OK):
                raise InputError(f"--lab {path}", "cannot be written; check its owner and permissions")
            yield cls(path, database, join)
        except BaseException:  # an interruption may come at any of these lines
            if made:
                _remove_unless_taken(cls(path))
            raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Where a file of the user's choice is written: what the file system refuses becomes a message that names it.

    Raises:
        InputError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise InputError(path, f"cannot be written ({error.strerror or error})") from None


def new_file(path: Path) -> TextIO:
    """Open a file of the user's choice that is not there yet; nothing is ever written over.

    Raises:
        InputError: it is there, or cannot be written.
    """
    with writing(path):
        try:
            return path.open("x", encoding="utf-8")
        except FileExistsError:
            raise InputError(path, "is there already and is not written over; choose another name") from None


def write_new(path: Path, content: bytes) -> None:
    """Write a file of the user's choice that is not there yet: whole or not at all, and nothing is written over.

    Raises:
        InputError: it is there, or cannot be written.
    """
    new_file(path).close()  # takes the name; the content takes its place at once
    try:
        with writing(path):
            write_whole(path, content)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def place_new(draft: Path, path: Path) -> None:
    """Give a draft in the same folder, or near it, the name of a file that is not there yet.

    Raises:
        InputError: it is there.
        OSError: the file system refuses.
    """
    try:
        os.link(draft, path)  # unlike a renaming, never over what came meanwhile
    except FileExistsError:
        raise InputError(path, "is there already and is not written over; choose another name") from None
    except OSError:  # a file system without links, such as a memory stick
        if path.exists():
            raise
        draft.rename(path)


def _safe(name: str, what: str) -> str:
    """A name that leads nowhere else as a file. Files of campaigns and benches are checked; a ledger may be anybody's.

    Raises:
        InputError: it is none.
    """
    if not is_name(name):
        raise InputError(f"{what} {name!r}", "cannot name a file; letters, digits, _ and - may stand in it")
    return name


def joinable(lab: str) -> str:
    """A lab whose ledger another one may use, as it is kept: its resolved folder, or the address of its tables.

    Args:
        lab: its folder, or an address.

    Raises:
        InputError: there is none.
    """
    if "://" not in lab:
        return str(LabFolder.existing(Path(lab)).path.resolve())
    url = labdatabase.usual(lab, "--join")
    if not _is_there(url, "ledger"):
        raise InputError(f"--join {url}", "holds no lab; begin the campaign at the first bench before others join it")
    return url


def _is_there(place: Path | str, table: str) -> bool:
    """Whether a file, or a table on a server, was ever made."""
    if isinstance(place, Path):
        return place.is_file()
    from galvanaut.core.eventlog import opened
    from galvanaut.core.postgresql import has_table

    with opened(place) as engine:
        return has_table(engine, table)


def _holds_ledger(place: Path | str) -> bool:
    """Whether a file of this name is ours; a server was asked for the table already."""
    from galvanaut.core.readonly import has_table, reading

    if not isinstance(place, Path):
        return True
    with reading(place) as engine:
        return has_table(engine, "ledger")


def _make(path: Path) -> bool:
    """Make a folder when missing; whether it was this process that made it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


def _remove_unless_taken(folder: LabFolder) -> None:
    """Remove a folder of our own making. Whoever holds its lock owns it: we do, nobody does, or another process."""
    try:
        with exclusive(folder.lock, "lab"):
            shutil.rmtree(folder.path, ignore_errors=True)
    except InputError:
        with suppress(OSError):  # somebody else may have removed it meanwhile
            holder = folder.lock.read_text(encoding="utf-8", errors="replace").strip()
            if holder.split(" ")[0] == str(os.getpid()):
                shutil.rmtree(folder.path, ignore_errors=True)
