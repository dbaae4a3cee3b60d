"""What it costs to keep the station's journal: events of jobs written, and a long journal opened and searched.

Jobs are doses as a campaign has them: an intent, two notes and a result, each on disk before the next. They go through
the real journal into a database opened as a lab folder opens it, once so that it survives a power cut (as a lab has
it) and once so that it survives a killed process only. For comparison the very same texts go through Python's own
sqlite3, one commit each, into the same table with the same index, triggers and settings: what is left of the ratio is
ours. Rounds take turns; the best of each kind counts. A flush to disk is waiting, not CPU time, so both are given.

The folder should lie on the disk that labs lie on: on a file system in memory a flush costs nothing.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stopwatch import Taken, measured

from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.loading import loaded_cells

_BEGAN_S = 1.8e9
_EVENTS = 4
"""Of each job."""
_STEPS = 12
"""Jobs of each trial, as the conductivity campaign has them."""


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500, help="in each round")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000], help="of long journals, events")
    parser.add_argument("--folder", type=Path, help="where to write; the system's folder for temporary files if none")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        written(Path(folder), given.jobs, given.rounds)
        for size in given.sizes:
            grown(Path(folder), size, given.jobs, given.rounds)


def written(folder: Path, jobs: int, rounds: int) -> None:
    """Events a second, against plain inserts of the same."""
    best: dict[tuple[str, bool], Taken] = {}
    for turn in range(rounds):
        for durable in (True, False):
            path = folder / f"round-{turn}-{durable}.db"
            _keep(best, ("journal", durable), _journalled(path, durable, jobs))
            _keep(best, ("sqlite3", durable), _inserted(path.with_suffix(".plain.db"), durable, _texts(path)))
    for durable in (True, False):
        ours, bare = best["journal", durable], best["sqlite3", durable]
        survives = "a power cut (FULL)" if durable else "a killed process (NORMAL)"
        print(f"on disk so that it survives {survives}: journal {ours.text()}; bare sqlite3 {bare.text()}")
        print(f"  ratio {ours.wall_s / bare.wall_s:.2f} in wall time, {ours.cpu_s / bare.cpu_s:.2f} in CPU time")


def grown(folder: Path, events: int, jobs: int, rounds: int) -> None:
    """A journal that is long already: opened, searched, and written on."""
    path = folder / f"grown-{events}.db"
    with _journal(path, durable=False) as journal:
        _run(journal, range(events // _EVENTS))
    with measured() as opening, _journal(path, durable=True) as journal:
        pass
    with _journal(path, durable=True) as journal:
        keys = [_key(number) for number in range(0, events // _EVENTS, 1 + events // 40_000)]
        found = _each(lambda: [journal.find(key) for key in keys], 1 / len(keys))
        records = _each(journal.records, 1)
        drawn = _each(lambda: journal.drawn_mL("DMC", "SIM-DMC-1"), 1)
        holders = _each(lambda: loaded_cells(journal.records()), 1)
        on = [_timed(journal, range(first, first + jobs)) for first in range(events, events + rounds * jobs, jobs)]
    wall_s = [taken.wall_s for taken in on]
    best, worst = jobs * _EVENTS / min(wall_s), jobs * _EVENTS / max(wall_s)
    size_MB = path.stat().st_size / 1e6
    print(
        f"{events:,} events ({events // _EVENTS:,} jobs, {size_MB:.1f} MB): opened in {opening.wall_s:.2f} s "
        f"({opening.cpu_s / events * 1e6:.1f} us CPU an event), find {found * 1e6:.1f} us, "
        f"records {records * 1e3:.2f} ms, all that was drawn of a bottle {drawn * 1e3:.1f} ms, "
        f"what is in the holders {holders * 1e3:.1f} ms CPU; written on at {best:,.0f} events/s "
        f"(worst round {worst:,.0f}, {min(taken.cpu_s for taken in on) / jobs / _EVENTS * 1e6:.0f} us CPU an event)"
    )


def _keep(best: dict[tuple[str, bool], Taken], which: tuple[str, bool], taken: Taken) -> None:
    """The best wall time and the best CPU time, which need not be of the same round."""
    known = best.setdefault(which, taken)
    known.wall_s, known.cpu_s = min(known.wall_s, taken.wall_s), min(known.cpu_s, taken.cpu_s)


def _journalled(path: Path, durable: bool, jobs: int) -> Taken:
    with _journal(path, durable) as journal:
        return _timed(journal, range(jobs))


def _timed(journal: Journal, numbers: Sequence[int]) -> Taken:
    with measured() as taken:
        _run(journal, numbers)
    taken.events = len(numbers) * _EVENTS
    return taken


@contextmanager
def _journal(path: Path, durable: bool) -> Iterator[Journal]:
    engine = open_engine(path, durable)
    yield Journal(EventLog(engine, "journal"), VirtualClock(_BEGAN_S))
    engine.dispose()


def _run(journal: Journal, numbers: Sequence[int]) -> None:
    for number in numbers:
        key, volume_mL = _key(number), 0.5 + number % 97 / 50
        journal.intend(key, _request(volume_mL))
        journal.note(key, before_g=volume_mL / 3)
        journal.note(key, stroke_mL=volume_mL, before_stroke_g=volume_mL / 3)
        journal.done(key, {"mass_g": volume_mL * 1.07, "before_g": volume_mL / 3, "after_g": volume_mL * 1.4})


def _key(number: int) -> JobKey:
    return JobKey("benchmark", 1 + number // _STEPS, "dose", 1 + number % _STEPS)


def _request(volume_mL: float) -> dict[str, Any]:
    return {
        "kind": "dose",
        "stock": "DMC",
        "lot": "SIM-DMC-1",
        "pump": "pump_dmc",
        "balance": "balance",
        "vessel": "mixer",
        "volume_mL": volume_mL,
        "expected_g": volume_mL * 1.069,
        "vessel_g": None,
    }


def _texts(path: Path) -> list[tuple[float, str, str, str]]:
    """What the journal has written, to be written again by somebody else."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT at, topic, kind, data FROM journal ORDER BY sequence").fetchall()
    connection.close()
    return rows


def _inserted(path: Path, durable: bool, rows: Sequence[tuple[float, str, str, str]]) -> Taken:
    """The same texts by Python's own sqlite3, into a table that the journal itself has made."""
    with _journal(path, durable):
        pass
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    statement = "INSERT INTO journal (at, topic, kind, data) VALUES (?, ?, ?, ?)"
    with measured() as taken:
        for row in rows:
            connection.execute(statement, row)
    connection.close()
    taken.events = len(rows)
    return taken


def _each(call: Callable[[], object], share: float) -> float:
    """CPU seconds of one call, best of five."""
    spent = []
    for _ in range(5):
        began_s = time.process_time()
        call()
        spent.append(time.process_time() - began_s)
    return min(spent) * share


if __name__ == "__main__":
    main()
