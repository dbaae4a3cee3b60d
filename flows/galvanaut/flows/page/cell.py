"""The cell view as data: readings, fade, dQ/dV, spectra, and the twin against the measurement."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.analysis.cellcurves import CellCurves
from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.analysis.sweeps import judged, sweeps_of
from galvanaut.core import bdf
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.fadecourses import fade_courses_of
from galvanaut.flows.livetwins import TWINS
from galvanaut.flows.page.plain import when
from galvanaut.flows.stepnames import CYCLING
from galvanaut.flows.twinview import view
from galvanaut.instruments.telemetry.reader import read_record
from galvanaut.instruments.telemetry.sealed import any_record_path, is_imported, usual_name

if TYPE_CHECKING:
    import pandas as pd

    from galvanaut.flows.page.source import LabSource

KEPT = 16
"""Twins that are kept once they are worked out."""
LEAST_S, SHARE = 20.0, 8.0
"""A running cell's twin is worked out anew after so long, s, and after so many times the processor time that this took:
it must leave the processor to the station."""
_FACTS = ("cell", "campaign", "holder", "bench", "simulated", "outcome", "reason", "problems")


def cell_view(source: LabSource, test: str) -> dict[str, Any]:
    """What the record of a test says by itself, and what its twin last wrote down.

    Args:
        source: the lab.
        test: a job key, or ``campaign/name`` of a record that was imported.

    Raises:
        InputError: there is no such test.
    """
    test = usual_name(test)
    key = None if is_imported(test) else JobKey.parse(test)
    frame = read_record(source.folder.path, test, source.folder.url)
    facts = dict(frame.attrs)
    is_running = not facts.get("outcome")
    try:
        kinds = _kinds(source, key) if key is not None else []
        curves = CellCurves.of(Record.of(frame, test), kinds, is_finished=not is_running).to_json()
    except InputError as error:  # too few readings yet
        curves = {"why_not": str(error)}
    return {
        **{name: facts.get(name) for name in _FACTS},
        "test": test,
        "campaign": test.partition("/")[0],
        "trial": key and key.trial,
        "step": key and key.step,
        "imported_from": facts.get("imported_from"),
        "running": is_running,
        "readings": len(frame),
        "last": _last(frame),
        "curves": curves,
        "spectra": _spectra(frame, test),
        "kept_twin": key and _kept_twin(source, key),
        "can_have_twin": key is not None and key.step == CYCLING,
    }


def _kinds(source: LabSource, key: JobKey) -> list[int]:
    """Of which kind each cycle of a test is by its plan; none where that is not known."""
    with source.reading(), suppress(InputError):
        if key.step == CYCLING and source.journal is not None:
            return fade_courses_of(source.ledger(key.campaign).started or {}, source.journal).kinds
    return []


def _last(frame: pd.DataFrame) -> str | None:
    return when(float(frame[bdf.UNIX_TIME].iloc[-1])) if len(frame) and bdf.UNIX_TIME in frame else None


def _spectra(frame: pd.DataFrame, test: str) -> dict[str, Any]:
    """How many there are, and the first, the middle and the last one with what they say."""
    sweeps = sweeps_of(frame)
    shown = sorted({0, len(sweeps) // 2, len(sweeps) - 1}) if sweeps else []
    return {"count": len(sweeps), "shown": [judged(sweeps[place], test).to_json() for place in shown]}


def _kept_twin(source: LabSource, key: JobKey) -> dict[str, Any] | None:
    """What the station's own twin of the cell wrote into its file; None where there is none."""
    file = source.folder.path / TWINS / f"{str(key).replace('/', '-')}.json"
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError):  # none, or just being replaced on a file system that cannot do it in one step
        return None
    return found


class TwinViews:
    """Twins made anew from records: only these know voltage against simulation, and what comes next.

    That takes seconds for a long test, so it is done when somebody looks, one at a time, and not again too soon.

    Args:
        source: the lab.
    """

    def __init__(self, source: LabSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, float, dict[str, Any]]] = OrderedDict()

    def view(self, test: str) -> dict[str, Any]:
        """The twin of a test as data; ``why_not`` where it has none.

        Raises:
            InputError: there is no such test.
        """
        key = usual_name(test)
        with self._lock:
            if key in self._kept and self._is_fresh(key):
                self._kept.move_to_end(key)
                return self._kept[key][2]
            began = time.thread_time()
            found = self._made(key)
            self._kept[key] = time.monotonic(), time.thread_time() - began, found
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found

    def _is_fresh(self, key: str) -> bool:
        made, took, found = self._kept[key]
        if not found.get("running", True):
            return True
        is_over = (self._source.folder.path / any_record_path(key)).exists()
        return not is_over and time.monotonic() - made < max(LEAST_S, SHARE * took)

    def _made(self, key: str) -> dict[str, Any]:
        try:
            seen = view(self._source.folder.path, key)
        except GalvanautError as error:
            return {"test": key, "why_not": str(error)}
        return {**seen.to_json(), "running": not seen.facts.get("outcome"), "why_not": ""}
