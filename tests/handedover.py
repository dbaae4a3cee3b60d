"""One finished campaign and its dossier, for the tests of what is handed over."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from galvanaut.campaigns.dossier.content import Asked, Content
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.dossier.write import Options, write_dossier
from galvanaut.flows.lab import open_lab
from smalllab import small_campaign

REFERENCE = (
    "planner: {name: bayes, initial: 4, reference: {every: 5, recipe: "
    "{solvents: {EC: 0.3, DMC: 0.7}, salts: {LiPF6: 1 mol/kg}}}}"
)
WANTED = "conductivity >= 5 mS/cm"


@dataclass(frozen=True)
class HandedOver:
    """A lab, and the dossier of its campaign as a folder."""

    lab: Path
    folder: Path
    content: Content


def run(campaign: Path, lab: Path, max_trials: int | None = None) -> Path:
    """A campaign without Prefect, to its end."""
    with open_lab(campaign, lab, max_trials=max_trials) as opened:
        asyncio.run(run_campaign(opened))
    return lab


def handed_over(folder: Path, trials: int = 11, changes: dict[str, str] | None = None) -> HandedOver:
    """Eleven trials, three of them of a reference electrolyte, and their dossier."""
    planner = {"planner: {name: bayes, initial: 2}": REFERENCE}
    lab = run(small_campaign(folder, trials, {**planner, **(changes or {})}), folder / "lab")
    options = Options(Asked([WANTED]), ("A. Person",), "https://creativecommons.org/licenses/by/4.0/")
    done = write_dossier(lab, "conductivity", folder / "dossier", options)
    return HandedOver(lab, done.path, done.content)
