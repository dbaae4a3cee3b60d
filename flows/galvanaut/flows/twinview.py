"""The twin of one test, made from its record: state, health, what it found, what comes next. `galvanaut twin`.

The same readings lead to the same twin, bit for bit, so that anybody can make it again from the record, live or sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.campaigns.analysis.record import Record
from galvanaut.core import bdf
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError, UnsupportedError
from galvanaut.core.eventlog import EventLog
from galvanaut.core.identifiers import JobKey
from galvanaut.core.readonly import reading
from galvanaut.core.units import magnitude
from galvanaut.core.wholefile import write_whole
from galvanaut.flows.fadecourses import fade_courses_of
from galvanaut.flows.folder import LabFolder, writing
from galvanaut.flows.livetwins import told
from galvanaut.flows.records import campaign_log
from galvanaut.flows.stepnames import CYCLING
from galvanaut.flows.twinprior import prior_of
from galvanaut.instruments.telemetry.reader import read_record
from galvanaut.instruments.telemetry.sealed import is_imported, usual_name
from galvanaut.simulators.twin import Forecast, Twin

if TYPE_CHECKING:
    import pandas as pd

    from galvanaut.campaigns.life import LifePosterior

_COLUMNS = (bdf.TEST_TIME, bdf.CURRENT, bdf.VOLTAGE, bdf.AMBIENT_TEMPERATURE, bdf.CYCLE, bdf.STEP_COUNT, bdf.STEP_TIME)


AHEAD = 50
"""Cycles of the fan of retentions."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the future.

    Attributes:
        cycles: how many to look ahead.
        charge_A, discharge_A: currents, positive; None as they are.
        temperature_degC: None as it is.
    """

    cycles: int = AHEAD
    charge_A: float | None = None
    discharge_A: float | None = None
    temperature_degC: float | None = None

    @classmethod
    def read(cls, cycles: int, charge: str | None, discharge: str | None, temperature: str | None) -> Asked:
        """From what was typed: quantities with their units.

        Raises:
            InputError: one is none, or a current is not above zero; says which.
        """
        return cls(
            cycles,
            None if charge is None else _current_A("--charge", charge),
            None if discharge is None else _current_A("--discharge", discharge),
            None if temperature is None else _magnitude("--temperature", temperature, "degC"),
        )


@dataclass(frozen=True)
class TwinView:
    """All there is to say of one cell.

    Attributes:
        test: its name.
        facts: of its record.
        twin: that has seen all readings.
        forecast: of the next cycles; None with the reason in ``no_forecast``.
        life: what finished cells of the lab make of its fade; None without a complete cycle.
    """

    test: str
    facts: Mapping[str, Any]
    twin: Twin
    forecast: Forecast | None
    no_forecast: str
    life: LifePosterior | None

    def to_json(self) -> dict[str, Any]:
        """For machines, with the last readings beside the simulation."""
        known = {name: self.facts.get(name) for name in ("campaign", "cell", "holder", "simulated")}
        overlay = self.twin.overlay
        trace = {name: _numbers(getattr(overlay, name)) for name in ("time_s", "measured_V", "simulated_V", "soc")}
        return {
            "test": self.test,
            **known,
            **told(self.twin),
            "trace": trace,
            "forecast": None if self.forecast is None else _forecast_json(self.forecast),
            "no_forecast": self.no_forecast,
            "life": None if self.life is None else _life_json(self.life, AHEAD),
        }

    def text(self) -> str:
        """For people."""
        state, kind = self.twin.state, "simulated" if self.facts.get("simulated") else "real"
        gap = self.twin.gap
        trust = "residuals agree with the model" if state.healthy else f"DO NOT TRUST: {state.reason}"
        rows = [
            f"{self.facts.get('cell', '?')} in {self.facts.get('holder', '?')} [{kind}], test {self.test}: "
            f"{state.cycles} complete cycles, {state.readings} readings",
            f"  state of charge   {100 * state.soc:.1f} ± {100 * state.soc_sd:.1f} %",
            f"  state of health   {100 * state.soh:.1f} ± {100 * state.soh_sd:.1f} % of the nominal design",
            f"  resistance        {state.resistance_ohm:.1f} ± {state.resistance_sd_ohm:.1f} ohm (effective: contacts, "
            "films, and what is wrong with the nominal electrolyte)",
            f"  measured - twin   {gap.mean_mV:+.2f} mV on average, {gap.rms_mV:.2f} mV rms over complete cycles",
            f"  twin              {trust}",
            *(f"  found in cycle {each.cycle:<3d} {each.text}" for each in self.twin.findings[-5:]),
            *_forecast_text(self.forecast, self.no_forecast),
            *([] if self.life is None else [f"  life              {_life_text(self.life)}"]),
        ]
        return "\n".join(rows)


def _current_A(option: str, text: str) -> float:
    current_A = _magnitude(option, text, "A")
    if not 0 < current_A < float("inf"):
        raise InputError(option, f"is a current above zero, found {text!r}")
    return current_A


def _magnitude(option: str, text: str, unit: str) -> float:
    try:
        return magnitude(text, unit)
    except ValueError as error:
        raise InputError(option, str(error)) from None


def view(lab: Path, test: str, asked: Asked | None = None) -> TwinView:
    """The twin of a test of a lab.

    Raises:
        InputError: there is no such record, or it is not one of a formed cell that is cycled.
        UnsupportedError: no twin follows such a cell.
    """
    test, asked = usual_name(test), asked or Asked()
    if is_imported(test):
        raise InputError(f"test {test}", "was imported: records of other programs have no twin")
    key = JobKey.parse(test)
    if key.step != CYCLING:
        raise InputError(f"test {test}", f"is no test of step {CYCLING!r}; only cells that were formed have twins")
    folder = LabFolder.existing(lab)
    frame = read_record(lab, test, folder.url)
    facts: dict[str, Any] = {str(name): value for name, value in frame.attrs.items()}
    twin = followed(frame, facts)
    try:
        ahead = twin.forecast(
            asked.cycles,
            charge_A=asked.charge_A,
            discharge_A=asked.discharge_A,
            temperature_degC=asked.temperature_degC,
            cell=str(facts.get("cell", test)),
        )
        return TwinView(test, facts, twin, ahead, "", _life(folder, key))
    except UnsupportedError as error:
        return TwinView(test, facts, twin, None, str(error), _life(folder, key))


def export_command(lab: Path, test: str, to: str, output: Path) -> str:
    """Write the twin of a test for another program, to a new file; which, in words.

    Args:
        lab: its folder.
        test: its name.
        to: ``bpx``, the parameters, or ``battwin``, the twin as an envelope.
        output: the file.

    Raises:
        InputError: no such target, the extra of that name is missing, the file is there, or as `view`.
        UnsupportedError: no twin follows such a cell.
    """
    from galvanaut.simulators.twin.exports import to_bpx, to_envelope

    if to not in ("bpx", "battwin"):
        raise InputError("--to", f"is {to!r}; choose bpx or battwin")
    if output.exists():
        raise InputError(output, "is there already and is not written over; choose another name")
    found = view(lab, test)
    cell, last = str(found.facts.get("cell", test)), read_record(lab, test, LabFolder(lab).url)[bdf.UNIX_TIME].iloc[-1]
    as_of = datetime.fromtimestamp(float(last), tz=UTC)
    document = to_bpx(found.twin, cell) if to == "bpx" else to_envelope(found.twin, cell, as_of, test)
    with writing(output):
        write_whole(output, json.dumps(document, indent=2).encode() + b"\n")
    return str(output)


def followed(frame: pd.DataFrame, facts: Mapping[str, Any]) -> Twin:
    """A twin that has seen a whole record; its overlay is of the last complete cycle and what came after."""
    twin = Twin.begin(prior_of(facts))
    missing = np.full(len(frame), np.nan)
    table = np.stack([frame[name].to_numpy(float) if name in frame else missing for name in _COLUMNS], axis=1)
    last = max(table[-1, 4] - 1, table[0, 4]) if len(table) else 0.0
    at = int(np.searchsorted(table[:, 4], last))
    twin.feed_table(table[:at])
    twin.feed_table(table[at:])
    return twin


def _life(folder: LabFolder, key: JobKey) -> LifePosterior | None:
    from galvanaut.campaigns.ledger import Ledger
    from galvanaut.campaigns.life import LifeModel
    from galvanaut.instruments.journal import Journal

    with campaign_log(folder.path, key.campaign) as (log, name), reading(folder.station) as engine:
        journal = Journal(EventLog(engine, "journal"), SystemClock())
        ledger = Ledger(log, name, SystemClock())
        courses, record = fade_courses_of(ledger.started or {}, journal, partial(_readings, folder)), journal.find(key)
        course = None if record is None else courses.of(record, feature=courses.feature(record))
        if course is None:
            return None
        finished = courses.finished(lambda campaign: ledger if campaign == name else ledger.other(campaign))
        return LifeModel.learned([each for each in finished if each.cell != course.cell]).posterior(course)


def _readings(folder: LabFolder, test: str, cell: str) -> Record:
    return Record.of(read_record(folder.path, test, folder.url), cell)


def _life_json(life: LifePosterior, ahead: int) -> dict[str, Any]:
    """With the fan of retentions of the next cycles, at 5, 25, 50, 75 and 95 %; null once the life is over."""
    shares = None if life.is_over else [_numbers(row) for row in life.fan(np.arange(1.0, ahead + 1.0))]
    return {**life.to_json(), "fan": shares}


def _life_text(life: LifePosterior) -> str:
    low, middle, high = life.quantiles
    if life.is_over:
        return f"over: {middle:.0f} cycles"
    if not life.is_calibrated:
        return "no claim before four cells of this lab have come to their end under this plan"
    least, _, most = life.remaining
    return f"{middle:.0f} cycles, 90 % interval {low:.0f} to {high:.0f}; {least:.0f} to {most:.0f} are left"


def _forecast_text(ahead: Forecast | None, why_not: str) -> list[str]:
    if ahead is None:
        return [f"  next cycles       {why_not}"]
    low, middle, high = (1e3 * ahead.discharged_Ah[level][-1] for level in (0.05, 0.5, 0.95))
    return [
        f"  next cycles       cycle {ahead.cycle[-1]:.0f} gives {middle:.2f} mAh, 90 % from {low:.2f} to {high:.2f}, "
        f"charged at {1e3 * ahead.charge_A:.2g} mA, discharged at {1e3 * ahead.discharge_A:.2g} mA, "
        f"{ahead.temperature_degC:.0f} degC",
        f"                    {ahead.assumptions}",
    ]


def _forecast_json(ahead: Forecast) -> dict[str, Any]:
    quantiles = {str(level): _numbers(values) for level, values in ahead.discharged_Ah.items()}
    return {
        "cycle": _numbers(ahead.cycle),
        "discharged_Ah": quantiles,
        "charge_A": ahead.charge_A,
        "discharge_A": ahead.discharge_A,
        "temperature_degC": ahead.temperature_degC,
        "learnt_from": ahead.learnt_from,
        "assumptions": ahead.assumptions,
    }


def _numbers(values: np.ndarray[Any, Any]) -> list[float | None]:
    return [None if value != value else float(value) for value in values.tolist()]
