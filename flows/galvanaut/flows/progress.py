"""What a scientist sees in the terminal while a campaign runs: trial, best so far, time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

from galvanaut.campaigns.ledger import TrialRecord
from galvanaut.flows.campaign_loop import Observer
from galvanaut.flows.lab import Lab

WIDE = 120
"""Columns from which on a terminal has room for a long bar."""


@contextmanager
def shown(lab: Lab, console: Console) -> Iterator[Observer]:
    """Show a campaign's progress while inside.

    On a terminal one line is kept up to date; elsewhere (a log file, CI) each ended trial prints a line.
    """
    if not console.is_terminal:
        yield Observer(trial_ended=lambda trial: _print(trial, lab, console))
        return
    whole, rest = Column(no_wrap=True), Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[campaign]}", table_column=whole),
        BarColumn(bar_width=24 if console.width >= WIDE else 8),
        MofNCompleteColumn(table_column=whole),
        TextColumn("best {task.fields[best]}", table_column=whole),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=whole),
        TextColumn("[dim]{task.description}", table_column=rest),  # gives way where the terminal is narrow
    )
    with Progress(*columns, console=console, expand=True) as progress:
        bar = progress.add_task(
            "starting",
            total=lab.budget,
            completed=len(lab.ledger.ended()),
            campaign=escape(lab.campaign.name),
            best=escape(best(lab)),
        )

        def ended(trial: TrialRecord) -> None:
            progress.update(bar, completed=len(lab.ledger.ended()), best=escape(best(lab)))
            if trial.status != "ok":
                _print(trial, lab, progress.console)

        yield Observer(stage=lambda text: progress.update(bar, description=escape(text)), trial_ended=ended)


def _print(trial: TrialRecord, lab: Lab, console: Console) -> None:
    console.print(line(trial, lab), highlight=False, soft_wrap=True, markup=False)


def best(lab: Lab) -> str:
    """Best measured value so far with its trial, or a dash."""
    top = lab.best()
    if top is None or top.outcome is None:
        return "-"
    value = f"{top.outcome.values[lab.objective.name]:.2f} {lab.objective.unit}".strip()
    return f"{value} (trial {top.number})"


def line(trial: TrialRecord, lab: Lab) -> str:
    """One ended trial in one line."""
    when = datetime.fromtimestamp(trial.ended_at or 0.0, tz=UTC).strftime("%d %b %H:%M")
    head = f"{when}  trial {trial.number:3d}"
    if trial.outcome is None or trial.status != "ok":
        return f"{head}  FAILED  {trial.outcome.reason if trial.outcome else ''}"
    value, parts = trial.outcome.values[lab.objective.name], lab.summary().parts(trial)
    of = f" ({parts})" if parts else ""
    return f"{head}  {value:6.2f} {lab.objective.unit}{of}  best {best(lab)}  {trial.text}"
