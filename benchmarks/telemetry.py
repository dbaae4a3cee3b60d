"""What it costs to keep the readings of tests: steady work, the most that goes through, and sealing a record.

In CPU time of this process where other programs could matter. The rows are made up beforehand; their making does not
count. For comparison the same rows go through a plain SQLAlchemy insert of one dictionary per row.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from stopwatch import Taken, measured

from galvanaut.core.eventlog import open_engine
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry.labrecorder import LabRecorder

_BEGAN_S = 1.8e9
_STEP = 600


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--seconds", type=int, default=3600, help="virtual ones, with a reading of each channel")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the test that is sealed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steady(Path(folder), given.channels, given.seconds)
        most(Path(folder), given.channels)
        seal(Path(folder), given.rows)


def steady(folder: Path, channels: int, seconds: int) -> None:
    """Every channel once a second, as many jobs that share one recorder; then the same in other ways."""
    title = f"{channels} channels at 1 Hz for {seconds} s"
    with _lab(folder / "shared") as recorder, measured() as shared:
        _poll(channels, seconds, recorder.put)
        recorder.flush()
    _tell(f"{title}, shared batch", shared, seconds, channels * seconds, folder / "shared")
    with _lab(folder / "shared") as recorder, measured() as looking:
        found = recorder.store.tests()
    print(f"newest reading of {len(found)} tests among {channels * seconds:,} rows: {1000 * looking.wall_s:.1f} ms")
    with _lab(folder / "each") as recorder, measured() as each:
        for second in range(seconds):
            recorder.store.append_many({_test(channel): [_row(second)] for channel in range(channels)})
    _tell(f"{title}, a commit each second", each, seconds, channels * seconds, folder / "each")
    with _plain(folder / "plain") as insert, measured() as plain:
        for second in range(seconds):
            insert([(_test(channel), _row(second)) for channel in range(channels)])
    _tell(f"{title}, row dictionaries, a commit each second", plain, seconds, channels * seconds, folder / "plain")
    with _arrival(folder / "arrival") as write, measured() as arrival:
        for second in range(seconds):
            write([(channel, *_row(second)) for channel in range(channels)])
    _tell(f"{title}, order of arrival, a commit each second", arrival, seconds, channels * seconds, folder / "arrival")
    few = min(60, seconds)
    with _lab(folder / "alone") as recorder, measured() as alone:
        _poll(channels, few, recorder.append)
    _tell(f"{title}, a commit each reading", alone, few, channels * few, folder / "alone")


def most(folder: Path, channels: int) -> None:
    """As many rows as go through, from 16 channels at a time, in commits of two sizes."""
    for size in (channels, 5120):
        each = size // 16
        batches = [[_row(number) for number in range(first, first + each)] for first in range(0, 12_800, each)]
        with _lab(folder / f"most-{size}") as recorder, measured() as taken:
            for batch in batches:
                recorder.store.append_many({_test(channel): batch for channel in range(16)})
        _tell_rate(f"{size} rows a commit", taken, 16 * sum(map(len, batches)))
        with _plain(folder / f"plain-{size}") as insert, measured() as taken:
            for batch in batches:
                insert([(_test(channel), row) for channel in range(16) for row in batch])
        _tell_rate(f"{size} row dictionaries a commit", taken, 16 * sum(map(len, batches)))


def seal(folder: Path, rows: int) -> None:
    """One long test: written, sealed, checked again, let go."""
    test = _test(0)
    with _lab(folder / "seal") as recorder:
        recorder.begin(test, {"cell": "made up", "simulated": True})
        for first in range(0, rows, 10_000):
            recorder.append(test, [_row(number) for number in range(first, min(rows, first + 10_000))])
        before_MB = _peak_MB()
        with measured() as sealing:
            sealed = recorder.seal(test, "ended")
        after_MB = _peak_MB()
        with measured() as leaving:
            recorder.release(test)
    if sealed is None or sealed.problems:
        raise SystemExit(f"the record has problems: {sealed}")
    size = (folder / "seal" / sealed.path).stat().st_size
    print(
        f"seal {rows:,} rows: {sealing.wall_s:.2f} s ({sealing.cpu_s:.2f} s CPU), {rows / sealing.wall_s:,.0f} rows/s, "
        f"{size / rows:.1f} B a row, peak memory {before_MB:.0f} -> {after_MB:.0f} MB; let go: {leaving.wall_s:.2f} s"
    )


@contextmanager
def _lab(folder: Path) -> Iterator[LabRecorder]:
    folder.mkdir(exist_ok=True)
    with LabRecorder.opened(folder) as recorder:
        yield recorder


def _poll(channels: int, seconds: int, keep: Callable[[str, Sequence[Row]], None]) -> None:
    for second in range(seconds):
        row = _row(second)
        for channel in range(channels):
            keep(_test(channel), [row])


@contextmanager
def _plain(folder: Path) -> Iterator[Callable[[list[tuple[str, Row]]], None]]:
    """A table with a key of two columns, and a dictionary for each row."""
    folder.mkdir()
    engine = open_engine(folder / "telemetry.db", durable=False)
    key = (sa.Column("test", sa.String, primary_key=True), sa.Column("number", sa.Integer, primary_key=True))
    others = (sa.Column(name, sa.Float) for name in Row._fields[1:])
    table = sa.Table("readings", sa.MetaData(), *key, *others)
    table.create(engine)

    def insert(rows: list[tuple[str, Row]]) -> None:
        with engine.begin() as connection:
            connection.execute(table.insert(), [{"test": test, **row._asdict()} for test, row in rows])

    yield insert
    engine.dispose()


@contextmanager
def _arrival(folder: Path) -> Iterator[Callable[[list[tuple[float, ...]]], None]]:
    """A table without any key, and a tuple for each row: nothing is found or deleted without reading all of it."""
    folder.mkdir()
    engine = open_engine(folder / "telemetry.db", durable=False)
    names = ", ".join(("channel", *Row._fields))
    marks = ", ".join("?" * (1 + len(Row._fields)))

    def write(rows: list[tuple[float, ...]]) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO readings VALUES ({marks})", rows)

    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE readings ({names})")
    yield write
    engine.dispose()


def _row(number: int) -> Row:
    current_A = 0.001 if number // _STEP % 2 else -0.001
    voltage_V = 3.7 + 1e-4 * (number % 7919)
    return Row(number, float(number + 1), _BEGAN_S + number + 1, voltage_V, current_A, 25.0, 1, number // _STEP + 1, 1)


def _test(channel: int) -> str:
    return f"benchmark/{channel:04d}/cycle/1"


def _tell(title: str, taken: Taken, seconds: int, rows: int, folder: Path) -> None:
    size = sum(path.stat().st_size for path in folder.iterdir()) / rows
    share = f"{taken.cpu_s / seconds:.2%} of one core"
    print(f"{title}: {share}, {taken.cpu_s / rows * 1e6:.1f} us CPU a row, {size:.0f} B a row on disk")


def _tell_rate(title: str, taken: Taken, rows: int) -> None:
    print(f"{title}: {rows / taken.wall_s:,.0f} rows/s ({rows / taken.cpu_s:,.0f} per CPU s)")


def _peak_MB() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
