"""What the discharge-curve feature is worth: lives foretold with and without it, on the cells of a campaign.

    uv run benchmarks/curve_feature.py LAB CAMPAIGN [--taught N] [--draws N]

Cells of some recipes, drawn by chance, teach the model, and those of the others are foretold, as they were after some
cycles. Takes a campaign whose cells were cycled to their end.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.life import Course, LifeModel
from galvanaut.core.clock import SystemClock
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.flows.fadecourses import fade_courses_of
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.records import campaign_log
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry.reader import read_record

CYCLES = (32, 45, 60, 80)
LEFT = 5
"""Cells that end within so many cycles are not asked about."""


def main() -> None:
    """Print a table."""
    options = _options()
    print("feature  cycle  forecasts  mean error  90 % holds  width in lives")
    for with_feature in (False, True):
        courses = _courses(options.lab, options.campaign, with_feature)
        for cycle in CYCLES:
            errors, held, widths = _judged(courses, cycle, options.taught, options.draws)
            name = "with" if with_feature else "without"
            shares = f"{np.mean(errors):10.1%}  {np.mean(held):10.2f}  {np.mean(widths):14.2f}"
            print(f"{name:7}  {cycle:5}  {len(errors):9}  {shares}")


def _courses(lab: Path, campaign: str, with_feature: bool) -> list[Course]:
    def record_of(test: str, cell: str) -> Record:
        return Record.of(read_record(lab, test), cell)

    with campaign_log(lab, campaign) as (log, name), opened(LabFolder(lab).station) as engine:
        ledger = Ledger(log, name, SystemClock())
        journal = Journal(EventLog(engine, "journal"), SystemClock())
        courses = fade_courses_of(ledger.started or {}, journal, record_of if with_feature else None)
        return courses.finished(lambda other: ledger if other == name else None)


def _judged(
    courses: Sequence[Course], cycle: int, taught: int, draws: int
) -> tuple[list[float], list[bool], list[float]]:
    """Of all forecasts: relative error of the median, whether the 90 % interval holds the life, its width in lives."""
    errors, held, widths = list[float](), list[bool](), list[float]()
    recipes = sorted({each.group for each in courses})
    for draw in range(draws):
        chosen = set(np.random.default_rng(draw).choice(recipes, taught, replace=False).tolist())
        model = LifeModel.learned([each for each in courses if each.group in chosen])
        asked = [each for each in courses if each.group not in chosen and each.cycles > cycle + LEFT]
        for course, found in zip(asked, model.posteriors([each.until(cycle) for each in asked]), strict=True):
            low, middle, high = found.quantiles
            errors.append(abs(middle / course.cycles - 1.0))
            held.append(low <= course.cycles <= high)
            widths.append((high - low) / middle)
    return errors, held, widths


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", type=Path)
    parser.add_argument("campaign")
    parser.add_argument("--taught", type=int, default=8, help="recipes whose cells teach the model")
    parser.add_argument("--draws", type=int, default=12, help="of such recipes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
