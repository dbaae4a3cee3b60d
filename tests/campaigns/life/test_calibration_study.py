"""Ninety per cent intervals on simulated cells whose fade law is not the model's, with eight finished cells."""

import numpy as np
import pytest

from galvanaut.campaigns.life import LifeModel
from lifecourses import stored

FINISHED, TESTED, SCHOOLS = 8, 60, 6


@pytest.fixture(scope="module")
def study():
    """For each share of the life: coverage, mean absolute error and median width over the life."""
    cells, draw = stored(), np.random.default_rng(3)
    found = {progress: [] for progress in (0.1, 0.2, 0.4)}
    for _ in range(SCHOOLS):
        order = draw.permutation(len(cells))
        model = LifeModel.learned([cells[row] for row in order[:FINISHED]])
        tested = [cells[row] for row in order[FINISHED : FINISHED + TESTED]]
        for progress, rows in found.items():
            for cell, belief in zip(
                tested, model.posteriors([each.until(progress * each.life) for each in tested]), strict=True
            ):
                low, middle, high = belief.quantiles
                rows.append((low <= cell.life <= high, abs(middle / cell.life - 1), (high - low) / cell.life))
    return {progress: np.array(rows, dtype=float) for progress, rows in found.items()}


@pytest.mark.parametrize(("progress", "widest"), [(0.1, 0.7), (0.2, 0.45), (0.4, 0.35)])
def test_intervals_hold_what_they_promise(study, progress, widest):
    rows = study[progress]
    coverage, error, width = rows[:, 0].mean(), rows[:, 1].mean(), float(np.median(rows[:, 2]))
    print(f"{progress:.0%} of life: coverage {coverage:.2f}, mean absolute error {error:.1%}, median width {width:.2f}")
    assert 0.85 <= coverage <= 1.0
    assert width < widest  # nobody needs an interval that holds everything


def test_there_are_enough_cells():
    cells = stored()
    assert len(cells) >= FINISHED + TESTED
    assert np.std(np.log([cell.life for cell in cells])) > 0.15
