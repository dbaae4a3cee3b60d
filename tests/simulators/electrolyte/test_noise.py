import numpy as np
import pytest

from galvanaut.core.errors import UnsupportedError
from galvanaut.core.identifiers import generator
from galvanaut.simulators.electrolyte.composition import whole
from galvanaut.simulators.electrolyte.model import ConductivityModel
from galvanaut.simulators.electrolyte.noise import Noise, measure_mS_cm

COMPOSITION = whole(np.array([0.3, 0, 0.7, 0]), 1.0)
QUIET = Noise(batch_sd=0, run_scale=0, reading_sd=0, failure_probability=0)


def many(draw, count=20_000):
    random = generator(1, "noise")
    return np.array([draw(random) for _ in range(count)])


def test_batches_scatter_by_6_percent():
    logs = np.log(many(Noise().batch_factor))
    assert logs.std() == pytest.approx(0.06, rel=0.03)
    assert abs(logs.mean()) < 0.002


def test_readings_scatter_by_1_percent():
    assert np.log(many(Noise().reading_factor)).std() == pytest.approx(0.01, rel=0.03)


def test_fillings_have_heavy_tails():
    """Quartiles of Student's t with 2.8 degrees of freedom are 0.771; 2.5 % of fillings are off by over 10 %."""
    logs = np.log(many(Noise(failure_probability=0).run_factor))
    low, high = np.quantile(logs, [0.25, 0.75])
    assert (high - low) / 2 == pytest.approx(0.0154, rel=0.05)
    assert 0.008 < np.mean(np.abs(logs) > 0.1) < 0.03


def test_one_filling_in_a_hundred_reads_far_too_low():
    factors = many(Noise(run_scale=0).run_factor)
    failed = factors[factors != 1]
    assert len(failed) / len(factors) == pytest.approx(0.01, abs=0.0025)
    assert failed.min() >= 0.2
    assert failed.max() <= 0.8


def test_a_failure_draws_no_other_numbers():
    """Whatever comes after in one generator must not depend on whether a filling failed."""
    sound, failing = generator(3, "x"), generator(3, "x")
    Noise(failure_probability=0).run_factor(sound)
    Noise(failure_probability=1).run_factor(failing)
    assert sound.random() == failing.random()


def test_measurement_without_noise_is_the_truth():
    model = ConductivityModel()
    truth = model.conductivity_mS_cm(COMPOSITION, 0)
    assert measure_mS_cm(model, COMPOSITION, 0, generator(1, "a"), noise=QUIET) == pytest.approx(truth)


def test_readings_average_out_but_batches_do_not():
    model = ConductivityModel()
    truth = model.conductivity_mS_cm(COMPOSITION, 0)

    def spread(noise, readings):
        values = [measure_mS_cm(model, COMPOSITION, 0, generator(i, "m"), readings, noise) for i in range(300)]
        return np.std(np.log(np.array(values) / truth))

    only_readings = Noise(batch_sd=0, run_scale=0, failure_probability=0)
    assert spread(only_readings, 25) == pytest.approx(0.002, rel=0.2)
    assert spread(Noise(run_scale=0, failure_probability=0), 25) == pytest.approx(0.06, rel=0.15)


def test_measurement_is_repeatable_and_refuses_nonsense():
    model = ConductivityModel()
    first = measure_mS_cm(model, COMPOSITION, 0, generator(7, "k"))
    assert first == measure_mS_cm(model, COMPOSITION, 0, generator(7, "k"))
    assert first != measure_mS_cm(model, COMPOSITION, 0, generator(8, "k"))
    with pytest.raises(ValueError, match="at least 1"):
        measure_mS_cm(model, COMPOSITION, 0, generator(7, "k"), readings=0)
    with pytest.raises(UnsupportedError):
        measure_mS_cm(model, COMPOSITION, 60, generator(7, "k"))
