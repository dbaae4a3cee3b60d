"""`galvanaut drill`: may this bench be left alone?"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from galvanaut.flows.drill.benchcopy import copy_of
from galvanaut.flows.drill.drill import Drill
from galvanaut.flows.drill.matrix import scenarios
from galvanaut.flows.drill.table import LEGEND, Lines, summary
from galvanaut.instruments.bench import load_bench


def drill_command(
    file: Path, faults: Sequence[str], instruments: Sequence[str], seed: int, moments: int, *, as_json: bool
) -> bool:
    """Run the drill and print it; whether everything ended safely and nothing was lost.

    Raises:
        InputError: the bench file cannot be used, or an instrument or fault is not there.
    """
    bench = load_bench(file)
    copy = copy_of(bench)
    chosen = scenarios(copy, faults, instruments, moments)
    lines, verdicts = Lines(chosen), []
    if not as_json:
        real = "" if bench.is_simulated else " Nothing real is opened."
        typer.echo(f"{file}: {len(chosen)} scenarios on its simulated copy, seed {seed}.{real}\n\n{lines.heading()}")
    with _alarms_unlogged():
        for verdict in Drill(copy, seed).verdicts(chosen):
            verdicts.append(verdict)
            if not as_json:
                typer.echo(lines.of(verdict))
    is_ok = all(verdict.is_ok for verdict in verdicts)
    if as_json:
        rows = [verdict.to_json() for verdict in verdicts]
        typer.echo(json.dumps({"bench": str(file), "seed": seed, "ok": is_ok, "scenarios": rows}, indent=2))
    else:
        typer.echo(f"\n{LEGEND}\n\n{summary(verdicts, file.name)}")
    return is_ok


@contextmanager
def _alarms_unlogged() -> Iterator[None]:
    """The alarms of a drill are what its table is about."""
    log = logging.getLogger("galvanaut")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
