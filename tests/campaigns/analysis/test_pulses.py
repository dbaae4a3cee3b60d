import numpy as np
import pandas as pd
import pytest

from galvanaut.campaigns.analysis.accuracy import Accuracy
from galvanaut.campaigns.analysis.pulses import pulses
from galvanaut.campaigns.analysis.record import Record
from galvanaut.core import bdf

EXACT = Accuracy(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
OHM, SLOW_OHM, TAU_S = 10.0, 5.0, 20.0


def resistance_ohm(since_s):
    return OHM + SLOW_OHM * (1 - np.exp(-since_s / TAU_S))


def table(pulse_A=(-4e-3, 3e-3), pulse_s=40.0, period_s=0.5, rest_s=60.0, late_s=0.0):
    """Rests at 3.8 V and pulses; the meter sees the current ``late_s`` before the first reading of a pulse."""
    time, voltage, current = [0.0], [3.8], [0.0]
    for amperes in pulse_A:
        for seconds, now_A in ((rest_s, 0.0), (pulse_s, amperes)):
            since_s = np.arange(period_s, seconds + period_s / 2, period_s)
            switched_s = since_s - late_s
            drop_V = np.where(now_A == 0.0, 0.0, now_A * resistance_ohm(switched_s))
            time.extend(time[-1] + since_s)
            voltage.extend(3.8 + drop_V)
            current.extend(np.full(len(since_s), now_A))
    return pd.DataFrame({bdf.TEST_TIME: time, bdf.VOLTAGE: voltage, bdf.CURRENT: current, bdf.CYCLE: 1})


def found(frame, accuracy=EXACT, **options):
    return pulses(Record.of(frame), accuracy, **options)


def test_a_pulse_each_way_gives_its_resistance_at_each_delay():
    discharge, charge = found(table(), capacity_Ah=4e-3, start_soc=0.5)
    assert (discharge.direction, charge.direction) == ("discharge", "charge")
    assert discharge.time_s == 60.0
    assert discharge.seconds == 40.0
    assert discharge.rest_V == 3.8
    for pulse in (discharge, charge):
        expected = resistance_ohm(np.array([1.0, 10.0, 30.0]))
        assert pulse.resistance_ohm.values == pytest.approx(expected, rel=1e-12)
    assert (discharge.charge_Ah, discharge.state_of_charge) == (0.0, 0.5)
    assert charge.charge_Ah == pytest.approx(-4e-3 * 40 / 3600)
    assert charge.state_of_charge == pytest.approx(0.5 - 40 / 3600)


def test_delays_between_readings_are_interpolated_and_never_extrapolated():
    (pulse,) = found(table([-4e-3], pulse_s=20.0, period_s=4.0), delays_s=(1.0, 10.0, 30.0))
    at_1, at_10, at_30 = pulse.resistance_ohm.values
    assert np.isnan(at_1)
    assert np.isnan(at_30)
    assert at_10 == pytest.approx(resistance_ohm(np.array([8.0, 12.0])).mean())
    row = pulse.to_json()
    assert row["resistance_ohm"]["1 s"] == {"value": None, "sd": None}
    assert row["resistance_ohm"]["10 s"]["value"] == pytest.approx(at_10)
    assert row["state_of_charge"] is None


def test_uncertainty_has_gains_noise_and_the_unknown_beginning():
    fast = table([-4e-3])
    beginning = found(fast)[0].resistance_ohm.sds
    gains = found(fast, Accuracy(3e-3, 1e-6, 4e-3, 1.0, 0.0, 0.0))[0].resistance_ohm
    assert gains.sds == pytest.approx(np.hypot(5e-3 * gains.values, beginning))  # offsets cancel
    noise = found(fast, Accuracy(0.0, 0.0, 0.0, 0.0, 0.0, 1e-3))[0].resistance_ohm
    assert noise.sds == pytest.approx(np.hypot(np.sqrt(2) * 1e-3 / 4e-3, beginning))
    slow = table([-4e-3], period_s=4.0, late_s=4.0)  # switched right before the reading
    begun = found(slow, delays_s=(10.0,))[0].resistance_ohm[0]
    missed = resistance_ohm(10.0) - begun.value
    assert 0 < missed < np.sqrt(12) * begun.sd


@pytest.mark.parametrize("share", [0.5, 0.06, 0.05, 0.01])
def test_a_rest_after_a_taper_is_seen_however_low_its_current_ended(share):
    frame = table()
    taper_A = 4e-3 * share ** np.linspace(0.0, 1.0, 50)
    before = pd.DataFrame({bdf.VOLTAGE: 4.2, bdf.CURRENT: taper_A, bdf.CYCLE: 1, bdf.TEST_TIME: np.arange(-50.0, 0.0)})
    pulse, _ = found(pd.concat([before, frame]))
    assert (pulse.direction, pulse.time_s) == ("discharge", 60.0)


def test_what_is_no_pulse():
    assert found(table(pulse_s=200.0)) == []
    assert len(found(table(pulse_s=200.0), longest_s=300.0)) == 2
    assert len(found(table(rest_s=5.0), least_rest_s=10.0)) == 0
    assert len(found(table([-4e-3, 1.9e-4, -4e-3]))) == 2, "a twentieth of the largest current is none"
    ramp = table([-4e-3])
    ramp[bdf.CURRENT] *= 1 - 0.02 * np.maximum(0, ramp[bdf.TEST_TIME] - 60.5)
    assert found(ramp) == []
    blind = table([-4e-3])
    blind[bdf.VOLTAGE] = blind[bdf.VOLTAGE].where(blind[bdf.CURRENT] != 0)
    assert found(blind) == []
    assert found(table([0.0])) == []


def test_a_pulse_out_of_a_small_current_is_not_out_of_a_rest():
    loaded = table([-4e-3])
    loaded[bdf.CURRENT] -= 1e-4
    assert found(loaded, Accuracy()) == []


@pytest.mark.parametrize("seed", range(5))
def test_noise_stays_within_its_uncertainty(seed):
    accuracy = Accuracy(0.0, 0.0, 0.0, 0.0, 0.0, 1e-4)
    noisy = table()
    noisy[bdf.VOLTAGE] += np.random.default_rng(seed).normal(0, 1e-4, len(noisy))
    for pulse in found(noisy, accuracy):
        missed = pulse.resistance_ohm.values - resistance_ohm(np.array(pulse.delays_s))
        assert (np.abs(missed) < 4 * pulse.resistance_ohm.sds).all()
