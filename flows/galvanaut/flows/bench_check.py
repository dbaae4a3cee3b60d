"""`galvanaut bench check`: connect to every instrument of a bench, ask who it is, and let go again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from galvanaut.flows.bench_access import bench_access
from galvanaut.flows.tables import table_text
from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.connect import ConnectedBench, bench_table, require_armed
from galvanaut.instruments.guard.reconcile import look


def bench_rows(file: Path, arm: bool) -> list[dict[str, Any]]:
    """One row per instrument: name, role, driver, resource, wiring, identity, activity. Nothing is changed.

    The activity is what it does although nobody runs a campaign: an output that is on, a pump that infuses.

    Raises:
        InputError: the file cannot be used, or the bench is real and not armed.
        BenchError: an instrument cannot be connected.
    """
    bench = load_bench(file)
    require_armed(bench, arm)
    with bench_access(bench) as (manager, _):
        connected = ConnectedBench.open(bench, manager, arm=arm)
        try:
            activity = {finding.instrument: finding.text for finding in look(connected)}
            rows = bench_table(bench, connected)
            return [asdict(row) | {"activity": activity.get(row.instrument, "")} for row in rows]
        finally:
            connected.close()


def bench_text(file: Path, rows: list[dict[str, Any]]) -> str:
    """The rows as a table."""
    busy = sum(bool(row["activity"]) for row in rows)
    title = f"{file}: all {len(rows)} instruments answer"
    return table_text(f"{title}; {busy} not at rest, and left as found" if busy else title, rows)
