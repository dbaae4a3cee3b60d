"""The recorder of a lab folder: ``telemetry.db`` holds readings while a test runs, ``records`` what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from galvanaut.core import bdf
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import open_engine
from galvanaut.core.labdatabase import noted_in
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry.batch import FLUSH_S, SharedBatch
from galvanaut.instruments.telemetry.columns import Columns, columns_of, gaps_in
from galvanaut.instruments.telemetry.seal import read_facts, seal, sha256_of
from galvanaut.instruments.telemetry.sealed import HOT_FILE, Sealed, SealError, record_path
from galvanaut.instruments.telemetry.store import HotStore
from galvanaut.instruments.telemetry.validate import problems_in


class Listener(Protocol):
    """Who follows the readings of all tests. Must neither raise nor take long."""

    def took(self, test: str, rows: Sequence[Row]) -> None:
        """New readings of a test, on their way to disk; each comes once, in its order."""
        ...

    def sealed(self, test: str) -> None:
        """A test is over, and its record is sealed. May come in another thread."""
        ...


class LabRecorder:
    """A `galvanaut.instruments.telemetry.recorder.Recorder`. All tests of a station share one.

    What is said to be on disk survives the death of the process. A power cut may take the last commits, as
    ``synchronous=NORMAL`` says; it takes no sealed record.

    Args:
        lab: the lab folder.
        store: of the readings.
        flush_s: see `galvanaut.instruments.telemetry.batch`.

    Attributes:
        listeners: are told of all readings.
    """

    def __init__(self, lab: Path, store: HotStore, flush_s: float = FLUSH_S) -> None:
        self.lab = lab
        self.store = store
        self._batch = SharedBatch(store.append_many, flush_s)
        self.listeners: list[Listener] = []

    @classmethod
    @contextmanager
    def opened(cls, lab: Path, url: str | None = None) -> Iterator[Self]:
        """The recorder of a lab folder; what waits is written at the end.

        Args:
            lab: the folder, which exists.
            url: of a database; if left out, the lab's own, which is ``telemetry.db`` unless the folder names another.

        Raises:
            InputError: the database cannot be used.
        """
        engine = open_engine(url or noted_in(lab) or lab / HOT_FILE, durable=False)
        try:
            recorder = cls(lab, HotStore(engine))
            try:
                yield recorder
            except BaseException:
                with suppress(GalvanautError):  # what went wrong first matters more
                    recorder.flush()
                raise
            recorder.flush()
        finally:
            engine.dispose()

    def begin(self, test: str, facts: Mapping[str, Any]) -> None:
        """See `Recorder.begin`.

        Raises:
            InputError: no file can be named like this test.
            GalvanautError: the database does not take it.
        """
        record_path(test)
        self.store.begin(test, facts)

    def put(self, test: str, rows: Sequence[Row]) -> None:
        """See `Recorder.put`.

        Raises:
            GalvanautError: the database does not take them; they wait for the next time.
        """
        try:
            self._batch.put(test, rows)
        finally:  # what could not be written waits, and does not come again
            for each in self.listeners:
                each.took(test, rows)

    def append(self, test: str, rows: Sequence[Row]) -> None:
        """See `Recorder.append`; errors as in `put`."""
        self.put(test, rows)
        self._batch.flush()

    def flush(self) -> None:
        """Write all that was `put`; errors as in `put`."""
        self._batch.flush()

    def rows(self, test: str, since: int = 0) -> list[Row]:
        """See `Recorder.rows`."""
        return self.store.rows(test, since)

    def seal(self, test: str, outcome: str, reason: str = "", remark: str = "") -> Sealed | None:
        """See `Recorder.seal`. May run in a thread of its own: it only reads the store."""
        path = record_path(test)
        numbers, columns = columns_of(self.store.chunks(test))
        if not len(numbers):
            return self._sealed(path) if (self.lab / path).exists() else None
        facts = {
            **self.store.facts(test),
            "test": test,
            "outcome": outcome,
            "reason": reason,
            **({"remark": remark} if remark else {}),
            "time_s": _longest_s(columns),
            **_left_out(len(numbers) - len(columns[bdf.TEST_TIME])),
            "problems": [*gaps_in(numbers), *problems_in(columns)],
        }
        seal(self.lab / path, columns, facts)
        found = self._sealed(path)
        for each in self.listeners:
            each.sealed(test)
        return found

    def release(self, test: str) -> None:
        """See `Recorder.release`.

        Raises:
            SealError: its record is not there.
        """
        sealed = self._sealed(record_path(test))
        if not sealed.problems:
            self.store.forget(test)

    def has_problems(self, test: str) -> bool:
        """Whether a record of the test is sealed that has problems, so that its readings stay."""
        try:
            return bool(self._sealed(record_path(test)).problems)
        except SealError:
            return False

    def _sealed(self, path: str) -> Sealed:
        file = self.lab / path
        try:
            facts, rows = read_facts(file)
            digest = sha256_of(file)
        except (OSError, ValueError) as error:
            raise SealError(f"{file}: is not the record that was sealed there ({error}); bring it back") from error
        return Sealed(path, digest, rows, float(facts["time_s"]), tuple(facts["problems"]))


def _left_out(count: int) -> Mapping[str, int]:
    """Readings that the instrument itself marked as no measurement, if there are any."""
    return {"left_out": count} if count else {}


def _longest_s(columns: Columns) -> float:
    """Test time of the last reading, s."""
    time_s = columns[bdf.TEST_TIME]
    return float(np.max(time_s[np.isfinite(time_s)], initial=0.0))
