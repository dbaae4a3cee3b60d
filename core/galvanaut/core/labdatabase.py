"""Where the tables of a lab are: in three SQLite files in its folder, or in one schema of a PostgreSQL database.

The address of such a schema is an URL that says which lab it is, ``postgresql://user@server/db?lab=north``. Whoever
gives the same one shares the lab, from whatever computer and folder. A lab folder keeps it in `FILE`, without a
password: that comes from the environment or from libpq's own ``~/.pgpass``.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.errors import InputError
from galvanaut.core.wholefile import write_whole

if TYPE_CHECKING:
    import sqlalchemy as sa

FILE = "database.json"
"""In a lab folder; not there where SQLite is used."""
OPTION = "--database"
VARIABLE = "GALVANAUT_DATABASE"
"""Environment variable with an address, which may have a password in it."""
LAB = "lab"
"""Parameter of an address."""
FILES = ("ledger.db", "station.db", "telemetry.db")
DRIVER = "postgresql+psycopg"

_FORM = "postgresql://USER@SERVER/DATABASE?lab=NAME"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def address(lab: Path, asked: str | None = None) -> str | None:
    """Where the tables of a lab are.

    Args:
        lab: its folder; may be missing.
        asked: address given as an option; otherwise the environment is asked.

    Returns:
        The address in its usual form; None for SQLite files in the folder.

    Raises:
        InputError: an address is none, or the lab is kept elsewhere already.
    """
    noted = noted_in(lab)
    wanted, source = _wanted(asked)
    if wanted is None:
        return noted
    advice = "leave it out, or choose another --lab"
    if noted is not None and noted != wanted:
        raise InputError(source, f"names {wanted}, but {lab} holds a lab that is kept in {noted}; {advice}")
    if noted is None and any((lab / name).is_file() for name in FILES):
        raise InputError(source, f"names {wanted}, but {lab} holds a lab that is kept in files there; {advice}")
    return wanted


def noted_in(lab: Path) -> str | None:
    """The address in a lab folder; None if there is none.

    Raises:
        InputError: its file cannot be used.
    """
    path = lab / FILE
    try:
        text = json.loads(path.read_text(encoding="utf-8"))["url"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(path, f'is not of the form {{"url": "{_FORM}"}}') from None
    return usual(text, path)


def note(lab: Path, url: str) -> None:
    """Write an address in its usual form into a lab folder, which exists."""
    write_whole(lab / FILE, json.dumps({"url": url}, indent=2).encode() + b"\n")


def usual(text: object, source: object, *, may_hold_password: bool = False) -> str:
    """An address in the form in which it is kept and compared, without its password.

    Args:
        text: as a person wrote it.
        source: option, variable or file that it comes from.
        may_hold_password: the source is one that no other user of the computer can see.

    Raises:
        InputError: it is none; the message never quotes it, since a password may be in it.
    """
    import sqlalchemy as sa  # here: most labs are files, and need it later or not at all

    try:
        url = sa.make_url(str(text))
    except (sa.exc.ArgumentError, ValueError):
        raise InputError(source, f"is not an address of the form {_FORM}") from None
    if url.drivername not in ("postgres", "postgresql", DRIVER) or not url.database:
        raise InputError(source, f"is not an address of the form {_FORM}; for SQLite leave it out")
    name = url.query.get(LAB)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        rule = "40 small letters, digits and _ at most, a letter first"
        raise InputError(source, f"does not say which lab it is; end it with ?lab=NAME ({rule})")
    if (url.password or "password" in url.query) and not may_hold_password:
        ways = f"{VARIABLE}, PGPASSWORD or ~/.pgpass"
        raise InputError(source, f"holds a password, which others can read there; put that into {ways}")
    query = {key: url.query[key] for key in sorted(url.query) if key != "password"}
    bare = sa.URL.create(DRIVER, url.username, None, url.host, url.port, url.database, query)
    return bare.render_as_string()


def password_for(url: sa.URL) -> str | None:
    """The password that the environment holds for exactly this address; for no other one, whatever a folder says."""
    text = os.environ.get(VARIABLE)
    if not text or usual(text, VARIABLE, may_hold_password=True) != url.render_as_string():
        return None
    from sqlalchemy import make_url

    given = make_url(text)
    found = given.password or given.query.get("password")
    return found if isinstance(found, str) else None


def _wanted(asked: str | None) -> tuple[str | None, str]:
    if asked is not None:
        return usual(asked, OPTION), OPTION
    text = os.environ.get(VARIABLE)
    return (usual(text, VARIABLE, may_hold_password=True) if text else None), VARIABLE
