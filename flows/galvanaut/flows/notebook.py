"""Galvanaut from Python: for notebooks and scripts, on the same files and lab folders as the command line.

Example:
    ```
    campaign = notebook.load("campaigns/conductivity.yaml")
    found = await notebook.run("campaigns/conductivity.yaml", lab="lab", max_trials=12)
    found.trials
    ```

A campaign file stays the thing of record: a `Campaign` made in Python is saved to one, and that is run. So whatever was
run from a notebook can be continued, reported and handed over by the command line, and the other way round.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from galvanaut.campaigns.campaignfile import Campaign, load_campaign
from galvanaut.campaigns.certainty import known_as
from galvanaut.campaigns.ledger import Ledger, TrialRecord
from galvanaut.campaigns.report.figures import convergence
from galvanaut.campaigns.report.summary import Summary
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.core.units import registry
from galvanaut.flows.campaign_loop import Observer, run_campaign
from galvanaut.flows.folder import writing
from galvanaut.flows.lab import open_lab
from galvanaut.flows.plan import Plan, plan_of
from galvanaut.flows.records import campaign_log, recommendation, write_campaign_report
from galvanaut.flows.svg import convergence_of
from galvanaut.instruments.telemetry import list_records, read_record

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["Campaign", "Found", "Q", "load", "results", "run", "save"]

Q: Any = registry().Quantity
"""A quantity, e.g. ``Q(25, "degC")``; campaigns take it wherever their files take ``25 degC``."""


@dataclass(frozen=True)
class Picture:
    """A picture that a notebook shows.

    Attributes:
        svg: its text.
    """

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True)
class Found:
    """What a lab holds of one campaign, as it was when first looked at.

    Attributes:
        lab: its folder.
        name: of the campaign.
    """

    lab: Path
    name: str

    @cached_property
    def summary(self) -> Summary:
        """Everything that the ledger says of the campaign."""
        return self._look[1]

    @property
    def campaign(self) -> Campaign:
        """The campaign as it was started."""
        return self._look[0].campaign

    @property
    def is_simulated(self) -> bool:
        """Whether the numbers come from a simulation."""
        return self.summary.is_synthetic

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per trial: its recipe as it was made, and its values.

        Solvents are mass shares of all solvent, salts in mol/kg of solvent, additives fractions of the electrolyte.
        Where not all values of a quantity were measured, ``... known as`` says which are forecasts or bounds.
        ``frame.attrs["simulated"]`` says where the numbers come from.
        """
        rows = [_row(trial, self.campaign) for trial in self.summary.trials]
        _say_how_known(rows, self.summary)
        frame = pd.DataFrame(rows).set_index("trial") if rows else pd.DataFrame()
        frame.attrs |= {"campaign": self.name, "simulated": self.is_simulated}
        return frame

    @property
    def best(self) -> TrialRecord | None:
        """The trial with the best measured value; of many noisy values the best one is partly luck."""
        return self.summary.best()

    @cached_property
    def recommendation(self) -> str:
        """What the model, which weighs all trials, holds for the best of the tested recipes, in words."""
        return recommendation(self.lab, self.name)

    def convergence(self) -> Figure:
        """Every measured value and the best so far, as a plotly figure to look into."""
        return convergence(self.summary)

    def picture(self) -> Picture:
        """The same as a small still picture, for paper and for notebooks that are passed on."""
        return Picture(convergence_of(self.summary))

    def records(self) -> pd.DataFrame:
        """What was recorded of the tests of its cells, one row per test; empty if it built none."""
        found = [each for each in list_records(self.lab) if each.test.partition("/")[0] == self.name]
        return pd.DataFrame([asdict(each) for each in found])

    def record(self, test: str) -> pd.DataFrame:
        """The readings of one test, with the columns of the Battery Data Format.

        Args:
            test: as `records` names it: ``campaign/trial/step/replicate``.
        """
        return read_record(self.lab, test)

    def report(self) -> Path:
        """Write the report, one HTML file that opens offline."""
        return write_campaign_report(self.lab, self.name)

    @cached_property
    def _look(self) -> tuple[Plan, Summary]:
        with campaign_log(self.lab, self.name) as (log, name):
            ledger = Ledger(log, name, SystemClock())
            plan = plan_of(ledger.started or {})
            return plan, plan.summary(ledger)


def load(file: Path | str) -> Campaign:
    """Read a campaign file.

    Raises:
        InputError: it cannot be used; every problem is listed with its line.
    """
    return load_campaign(Path(file))


def save(campaign: Campaign, file: Path | str) -> Path:
    """Write a campaign to a file. A file that says something else already is not written over.

    Raises:
        InputError: it cannot be written, or is there with another content.
    """
    path = Path(file)
    text = _yaml(campaign)
    with writing(path):
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise InputError(path, "is there already with another content; choose another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


async def run(
    file: Path | str,
    lab: Path | str = "lab",
    *,
    bench: Path | str | None = None,
    seed: int | None = None,
    max_trials: int | None = None,
    arm: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Found:
    """Run a campaign, or carry on with it, without Prefect.

    In a notebook's cell ``found = await notebook.run(...)``, in a script ``asyncio.run(notebook.run(...))``. While a
    simulated bench is computed, nothing else in the loop is answered.

    Args:
        file: of the campaign.
        lab: folder in which everything of the lab is kept; made when missing.
        bench: file, instead of the campaign's.
        seed: instead of the campaign's.
        max_trials: where this run ends, if before the budget.
        arm: lets a real bench move; its file has to say ``armed: true``, too.
        tell: is given a line of text when a trial has ended, e.g. ``print``.

    Raises:
        InputError: something has to be put right first.
        GalvanautError: the bench cannot go on; everything up to here is kept.
    """
    where, bench_file = Path(lab), None if bench is None else Path(bench)
    with open_lab(Path(file), where, bench_file, seed, max_trials, arm=arm) as opened:

        def ended(trial: TrialRecord) -> None:
            if tell is not None:
                tell(_line(trial, opened.summary()))

        await run_campaign(opened, observer=Observer(trial_ended=ended))
        name = opened.campaign.name
    return Found(where, name)


def results(campaign: str, lab: Path | str = "lab") -> Found:
    """What a lab holds of a campaign that has begun, whoever ran it.

    Args:
        campaign: its name, or its file.
        lab: the folder.

    Raises:
        InputError: no such lab, or no such campaign in it.
    """
    with campaign_log(Path(lab), campaign) as (_, name):
        return Found(Path(lab), name)


def _yaml(campaign: Campaign) -> str:
    """What was set, in the order of a campaign file."""
    from ruamel.yaml import YAML

    yaml, text = YAML(), io.StringIO()
    yaml.width = 120
    yaml.dump(campaign.model_dump(mode="json", by_alias=True, exclude_unset=True), text)
    return f"# Saved by galvanaut.flows.notebook.\n{text.getvalue()}"


def _row(trial: TrialRecord, campaign: Campaign) -> dict[str, Any]:
    recipe, asked = trial.tested, campaign.components
    row: dict[str, Any] = {"trial": trial.number, "status": trial.status}
    row |= {key: recipe.solvent_shares.get(key, 0.0) for key in asked.solvents}
    row |= {f"{key} / mol/kg": recipe.molalities.get(key, 0.0) for key in asked.salts}
    row |= {key: recipe.fraction(key) for key in asked.additives}
    row |= trial.settings
    if trial.outcome is not None:
        row |= {_label(name, campaign): value for name, value in trial.outcome.values.items()}
        row |= {f"sd of {_label(name, campaign)}": sd for name, sd in trial.outcome.deviations.items()}
    return row


def _say_how_known(rows: list[dict[str, Any]], summary: Summary) -> None:
    """Add to each row how its values are known: only of quantities that were not measured in all trials."""
    values = [trial.outcome.values if trial.outcome is not None else {} for trial in summary.trials]
    for name in dict.fromkeys(name for each in values for name in each):
        known = [known_as(trial.outcome, name, summary.quantities) for trial in summary.trials]
        if set(known) != {"measured"}:
            for row, each, kind in zip(rows, values, known, strict=True):
                row[f"{name} known as"] = kind if name in each else None


def _label(quantity: str, campaign: Campaign) -> str:
    unit = campaign.objective.unit if quantity == campaign.objective.name else campaign.unit_of(quantity)
    return f"{quantity} / {unit}" if unit else quantity


def _line(trial: TrialRecord, summary: Summary) -> str:
    text = summary.text(trial)
    found = f"{text} {summary.unit}" if text else trial.status.replace("_", " ")
    return f"trial {trial.number:3d}  {found}  {trial.text}"
