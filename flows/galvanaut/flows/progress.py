"""What a scientist sees in the terminal while a campaign runs: trial, best so far, time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from galvanaut.campaigns.ledger import TrialRecord
from galvanaut.flows.campaign_loop import Observer
from galvanaut.flows.lab import Lab


@contextmanager
def shown(lab: Lab, console: Console) -> Iterator[Observer]:
    """Show a campaign's progress while inside.

    On a terminal one line is kept up to date; elsewhere (a log file, CI) each ended trial prints a line.
    """
    if not console.is_terminal:
        yield Observer(trial_ended=lambda trial: console.print(line(trial, lab), highlight=False, soft_wrap=True))
        return
    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[campaign]}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("best {task.fields[best]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("[dim]{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(
            "starting", total=lab.budget, completed=len(lab.ledger.ended()), campaign=lab.campaign.name, best=best(lab)
        )

        def ended(trial: TrialRecord) -> None:
            progress.update(bar, completed=len(lab.ledger.ended()), best=best(lab))
            if trial.status != "ok":
                progress.console.print(line(trial, lab), highlight=False, soft_wrap=True)

        yield Observer(stage=lambda text: progress.update(bar, description=text), trial_ended=ended)


def best(lab: Lab) -> str:
    """Best measured value so far with its trial, or a dash."""
    top = lab.best()
    if top is None or top.outcome is None:
        return "-"
    return f"{top.outcome.values[lab.objective.name]:.2f} {lab.objective.unit} (trial {top.number})"


def line(trial: TrialRecord, lab: Lab) -> str:
    """One ended trial in one line."""
    when = datetime.fromtimestamp(trial.ended_at or 0.0, tz=UTC).strftime("%d %b %H:%M")
    head = f"{when}  trial {trial.number:3d}"
    if trial.outcome is None or trial.status != "ok":
        return f"{head}  FAILED  {trial.outcome.reason if trial.outcome else ''}"
    value = trial.outcome.values[lab.objective.name]
    return f"{head}  {value:6.2f} {lab.objective.unit}  best {best(lab)}  {trial.tested.text()}"
