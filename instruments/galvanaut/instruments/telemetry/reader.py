"""Read the records of a lab folder, of tests that run and of tests that have ended alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from galvanaut.core import bdf
from galvanaut.core.errors import InputError
from galvanaut.core.labdatabase import noted_in
from galvanaut.core.readonly import has_table, reading
from galvanaut.instruments.telemetry.sealed import HOT_FILE, RECORDS, any_record_path, usual_name
from galvanaut.instruments.telemetry.store import HotStore

if TYPE_CHECKING:
    import pandas as pd

    from galvanaut.instruments.telemetry.columns import Columns

IMPORTED: Literal["imported"] = "imported"
RecordState = Literal["live", "sealed", "imported", "unreadable"]
"""``live``: in the hot store only. ``sealed``: in its file. ``imported``: in its file, but another program measured it.
``unreadable``: a file that is no record."""


@dataclass(frozen=True)
class RecordInfo:
    """One record.

    Attributes:
        test: names it, ``campaign/name`` if it was imported; empty if its file cannot be read.
        cell: which was tested.
        rows: readings so far.
        time_s: test time of the last one.
        state: see `RecordState`.
        file: in the lab folder; empty while it is live.
        simulated: nothing was measured on hardware; None if that is not known.
        outcome: how the test ended; empty while it is live.
        problems: what is wrong with it, in words.
    """

    test: str
    cell: str
    rows: int
    time_s: float
    state: RecordState
    file: str = ""
    simulated: bool | None = None
    outcome: str = ""
    problems: tuple[str, ...] = ()


def list_records(lab: Path | str, campaign: str = "", url: str | None = None) -> list[RecordInfo]:
    """All records of a lab, or of one campaign, sorted by test.

    Args:
        lab: the lab folder.
        campaign: its name; all if empty.
        url: of the database of hot readings, if it is neither in the folder nor named there.

    Raises:
        InputError: there is no such folder, or its database is damaged.
    """
    live = [_live(test, facts, newest) for test, facts, newest in _hot_tests(Path(lab), url)]
    sealed = [_sealed(Path(lab), path) for path in sorted(Path(lab).glob(f"{RECORDS}/*/*{bdf.SUFFIX}"))]
    found = {info.test or info.file: info for info in [*live, *sealed]}
    chosen = [
        info
        for info in found.values()
        if not campaign or (info.test or info.file.removeprefix(f"{RECORDS}/")).startswith(f"{campaign}/")
    ]
    return sorted(chosen, key=lambda info: (info.test, info.file))


def read_record(lab: Path | str, test: str, url: str | None = None) -> pd.DataFrame:
    """The readings of a test with the columns `galvanaut.core.bdf.COLUMNS`; positive currents charge the cell.

    The frame's ``attrs`` say what the test is: cell, plan, instrument, whether it was simulated.

    Args:
        lab: the lab folder.
        test: its name as in `list_records`.
        url: as there.

    Raises:
        InputError: there is no such record, or it cannot be read.
    """
    import pandas as pd

    columns, facts = read_test(lab, test, url)
    frame = pd.DataFrame(dict(columns))
    frame.attrs.update(facts)
    return frame


def read_test(lab: Path | str, test: str, url: str | None = None) -> tuple[Columns, Mapping[str, Any]]:
    """Columns and facts of a test as they are kept; see `read_record`, whose errors are these."""
    from galvanaut.instruments.telemetry.columns import columns_of
    from galvanaut.instruments.telemetry.seal import read_columns, read_facts

    test = usual_name(test)
    path = Path(lab) / any_record_path(test)
    for _ in range(2):  # while the hot store is looked at, the test may be sealed and leave it
        if path.exists():
            try:
                return read_columns(path), _with_outcome(read_facts(path)[0])
            except (OSError, ValueError) as error:
                raise InputError(path, f"is no record that can be read ({error})") from None
        with _opened(Path(lab), url) as store:
            if store is not None:
                numbers, columns = columns_of(store.chunks(test))
                if len(numbers):
                    return columns, {**store.facts(test), "test": test, "outcome": ""}
    there = ", ".join(info.test for info in list_records(lab, url=url) if info.test) or "none"
    shared = url or noted_in(Path(lab))
    hint = f"; if a station of another computer made it, let both have one folder {RECORDS}" if shared else ""
    raise InputError(f"test {test}", f"has no record in {lab}; there: {there}{hint}")


def _is_imported(facts: Mapping[str, Any]) -> bool:
    return "imported_from" in facts


def _with_outcome(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record that was imported is over, however its test ended."""
    return {"outcome": IMPORTED, **facts} if _is_imported(facts) else facts


def _hot_tests(lab: Path, url: str | None) -> Iterator[Any]:
    if not lab.is_dir():
        raise InputError(f"--lab {lab}", "is not a lab folder")
    with _opened(lab, url) as store:
        if store is not None:
            yield from (each for each in store.tests() if each.newest is not None)


@contextmanager
def _opened(lab: Path, url: str | None) -> Iterator[HotStore | None]:
    """The hot store, if there is one; none is made here."""
    target = url or noted_in(lab) or lab / HOT_FILE
    if isinstance(target, Path) and not target.is_file():
        yield None
        return
    with reading(target) as engine:
        yield HotStore(engine) if has_table(engine, "readings") else None


def _live(test: str, facts: Mapping[str, Any], newest: Any) -> RecordInfo:
    cell, simulated = str(facts.get("cell", "")), facts.get("simulated")
    return RecordInfo(test, cell, newest.number + 1, newest.time_s, "live", simulated=simulated)


def _sealed(lab: Path, path: Path) -> RecordInfo:
    from galvanaut.instruments.telemetry.seal import read_facts

    file = path.relative_to(lab).as_posix()
    try:
        facts, rows = read_facts(path)
        if _is_imported(facts):
            name = f"{path.parent.name}/{path.name.removesuffix(bdf.SUFFIX)}"
            return RecordInfo(name, str(facts["cell"]), rows, facts["duration_s"], IMPORTED, file)
        return RecordInfo(
            facts["test"],
            str(facts.get("cell", "")),
            rows,
            facts["time_s"],
            "sealed",
            file,
            facts.get("simulated"),
            facts["outcome"],
            tuple(facts["problems"]),
        )
    except (OSError, ValueError, KeyError) as error:
        return RecordInfo("", "", 0, 0.0, "unreadable", file, problems=(str(error),))
