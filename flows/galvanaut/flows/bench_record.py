"""`galvanaut bench record`: the bytes of connecting a bench, setting it up and reading each instrument once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import typer

from galvanaut.flows.bench_access import bench_access
from galvanaut.flows.tables import table_text
from galvanaut.flows.transcripts import recorded
from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.connect import ConnectedBench, require_armed
from galvanaut.instruments.errors import BadReadingError, InstrumentError
from galvanaut.instruments.roles import Role

TEST_FREQUENCY_HZ = 1000.0
_FAILED = "failed"


def record_bench(file: Path, output: Path, arm: bool) -> list[dict[str, str]]:
    """Write a transcript; nothing is run, dosed or switched on.

    Returns:
        One row per instrument: its name, who answered, and what it read.

    Raises:
        InputError: a file cannot be used, or the bench is real and not armed.
        BenchError: an instrument cannot be connected; the transcript holds everything up to there.
    """
    bench = load_bench(file)
    require_armed(bench, arm)
    with bench_access(bench) as (manager, clock), recorded(bench, clock, output) as recording:
        connected = ConnectedBench.open(bench, manager, arm=arm, trace=recording)
        try:
            rows = []
            for name, identity in connected.identities.items():
                recording.note(f"{name}: {identity}")
                rows.append({"instrument": name, "identity": str(identity), "reading": _reading(connected, name)})
            return rows
        finally:
            connected.close()


def record_command(file: Path, output: Path, arm: bool, as_json: bool) -> None:
    """Record, and print what was read; exit code 1 if an instrument could not be read."""
    rows = record_bench(file, output, arm)
    typer.echo(json.dumps(rows, indent=2) if as_json else table_text(f"{output}: {len(rows)} instruments", rows))
    if any(row["reading"].startswith(_FAILED) for row in rows):
        raise typer.Exit(1)


def _reading(connected: ConnectedBench, name: str) -> str:
    role = connected.bench.instruments[name].role
    read = _READINGS.get(role)
    if read is None:
        return f"a {role} is not read"
    try:
        return read(connected, name)
    except BadReadingError as error:  # an empty holder or cell reads as overload: that, too, is worth a transcript
        return f"none: {error.problem}"
    except InstrumentError as error:
        return f"{_FAILED}: {error.problem}"


def _pump(connected: ConnectedBench, name: str) -> str:
    pump = connected.pump(name)
    return f"{pump.state()}, {pump.dispensed_mL():g} mL dispensed"


def _balance(connected: ConnectedBench, name: str) -> str:
    return f"{connected.balance(name).immediate_g():g} g"


def _chamber(connected: ConnectedBench, name: str) -> str:
    chamber = connected.chamber(name)
    return f"{chamber.temperature_degC():g} degC, set to {chamber.setpoint_degC():g} degC"


def _impedance_meter(connected: ConnectedBench, name: str) -> str:
    impedance_ohm = connected.impedance_meter(name).impedance(TEST_FREQUENCY_HZ)
    return f"{impedance_ohm.real:g} {impedance_ohm.imag:+g}j ohm at {TEST_FREQUENCY_HZ:g} Hz"


def _source_meter(connected: ConnectedBench, name: str) -> str:
    meter = connected.source_meter(name)
    tripped = meter.protections()
    return f"output {'on' if meter.is_on() else 'off'}" + (f", tripped: {', '.join(tripped)}" if tripped else "")


def _battery_tester(connected: ConnectedBench, name: str) -> str:
    resistance_ohm, voltage_V = connected.battery_tester(name).measure()
    return f"{resistance_ohm:g} ohm, {voltage_V:g} V"


def _thermometer(connected: ConnectedBench, name: str) -> str:
    scan = connected.thermometer(name).scan()
    temperatures = [f"{place} {value:g} degC" for place, value in scan.temperatures_degC.items()]
    return ", ".join(temperatures + [f"{place} {value:g} V" for place, value in scan.voltages_V.items()])


def _assembler(connected: ConnectedBench, name: str) -> str:
    assembler = connected.assembler(name)
    cells = [(holder, assembler.cell_in(holder)) for holder in connected.bench.instruments[name].wiring.loads or ()]
    loaded = [f"{cell} in {holder}" for holder, cell in cells if cell is not None]
    return ", ".join(["busy" if assembler.is_busy() else "idle", *loaded])


_READINGS: dict[Role, Callable[[ConnectedBench, str], str]] = {
    "pump": _pump,
    "balance": _balance,
    "chamber": _chamber,
    "impedance meter": _impedance_meter,
    "source meter": _source_meter,
    "battery tester": _battery_tester,
    "thermometer": _thermometer,
    "assembler": _assembler,
}
