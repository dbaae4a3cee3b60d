"""Doses and transfers on a simulated bench: given once, whatever message the host dies at; the balance decides."""

from dataclasses import replace

import pytest

from dosinglab import DOSE, KEY, Host, HostDiedError, message_of
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.jobs import Dose, Empty, InDoubtError, JobFailedError, MeasureImpedance, Settle, Transfer
from galvanaut.simulators.faults import parse_fault


def test_a_dose_is_what_the_balance_says(tmp_path):
    result = Host(tmp_path).run(DOSE)
    assert result["mass_g"] == pytest.approx(4.0, rel=0.05)
    assert result["mass_g"] == pytest.approx(result["after_g"] - result["before_g"])


def tared(fault=None):
    """What a person and the line do before a dose: the balance is tared with liquid on it, and then something fails."""

    def before(world, connected):
        connected.balance("balance").tare()
        if fault is not None:
            world.inject(parse_fault(fault))

    return before


@pytest.mark.parametrize("fault", [None, "dropped reply on balance after 20 s for 60 s"])
def test_a_lost_reply_of_the_balance_between_two_weights_leaves_its_tare(tmp_path, fault):
    """What is on the balance already is a small share of the dose, so that nothing but the tare would tell."""
    Host(tmp_path).run(replace(DOSE, volume_mL=0.6, expected_g=0.6))
    host = Host(tmp_path)
    result = host.run(DOSE, JobKey("demo", 2, "dose-DMC"), before=tared(fault))
    asked = [data for name, way, data in host.messages if (name, way) == ("balance", ">")]
    assert (b"I4\r\n" in asked) == (fault is not None)
    assert result["before_g"] == pytest.approx(0.0, abs=0.01)
    assert result["mass_g"] == pytest.approx(4.0, rel=0.03)


def test_a_host_that_dies_between_two_weights_finds_the_tare_again(tmp_path):
    """The next one connects the bench anew, and makes it safe at its end."""
    Host(tmp_path).run(replace(DOSE, volume_mL=0.6, expected_g=0.6))
    key = JobKey("demo", 2, "dose-DMC")
    with pytest.raises(HostDiedError):
        Host(tmp_path, dies_at=message_of(tmp_path, b"0RUN", 1)).run(DOSE, key, before=tared())
    assert Host(tmp_path).run(DOSE, key)["mass_g"] == pytest.approx(4.0, rel=0.03)


WATCHED = {
    "pump_dmc": {"settings": {"syringe_diameter": "26.59 mm", "rate": "10 mL/min", "safe_mode": "30 s"}},
}
OTHER_MAKERS = WATCHED | {
    "balance": {"driver": "sartorius-sbi", "settings": {}},
    "chamber": {
        "driver": "espec-p300",
        "resource": "ASRL12::INSTR",
        "settings": {"minimum": "-20 degC", "maximum": "60 degC", "low_limit": "-25 degC", "high_limit": "65 degC"},
    },
}


def test_a_dose_longer_than_the_pumps_watchdog_is_given_completely(tmp_path):
    long = Dose("DMC", "SIM-DMC-1", "pump_dmc", "balance", "mixer", volume_mL=9.0, expected_g=9.0)
    assert Host(tmp_path, changed=WATCHED).run(long)["mass_g"] == pytest.approx(9.0, rel=0.05)


def test_instruments_of_other_makers_do_the_same_jobs(tmp_path):
    assert Host(tmp_path, changed=OTHER_MAKERS).run(DOSE)["mass_g"] == pytest.approx(4.0, rel=0.05)
    settle = Settle("chamber", 5.0, 0.3, 600.0, limit_s=4 * 3600.0)
    settled = Host(tmp_path, changed=OTHER_MAKERS).run(settle, JobKey("demo", 1, "settle"))
    assert abs(settled["temperature_degC"] - 5.0) <= 0.3


@pytest.mark.parametrize("changed", [{}, WATCHED])
def test_wherever_the_host_dies_the_dose_is_given_once(tmp_path, changed):
    whole = Host(tmp_path / "whole", changed=changed)
    (tmp_path / "whole").mkdir()
    reference = whole.run(DOSE)["mass_g"]
    count = len(whole.messages)
    assert count > 10
    for n in range(1, count + 1):
        folder = tmp_path / f"dies-{n}"
        folder.mkdir()
        with pytest.raises(HostDiedError):
            Host(folder, dies_at=n, changed=changed).run(DOSE)
        second = Host(folder, changed=changed)
        result = second.run(DOSE)
        runs = sum(b"0RUN" in data.upper() for _, way, data in second.messages if way == ">")
        assert result["mass_g"] == pytest.approx(reference, rel=0.05), f"host died at message {n}"
        assert runs <= 1


def test_a_stroke_cut_short_by_a_stop_is_completed_not_repeated(tmp_path):
    with pytest.raises(HostDiedError):
        Host(tmp_path, dies_at=message_of(tmp_path, b"0RUN", after=2)).run(DOSE)

    def somebody_stops_the_pump_halfway(world, connected):
        world.clock.spend(12.0)  # of 24 s at 10 mL/min
        connected.pump("pump_dmc").stop()

    host = Host(tmp_path)
    result = host.run(DOSE, before=somebody_stops_the_pump_halfway)
    note = host.station.journal.find(KEY).notes["after_restart"]
    assert note["moved_g"] == pytest.approx(2.0, abs=0.3)
    assert result["mass_g"] == pytest.approx(4.0, rel=0.06)


def test_contradicting_evidence_after_a_crash_is_in_doubt_and_nothing_is_pumped(tmp_path):
    with pytest.raises(HostDiedError):
        Host(tmp_path, dies_at=message_of(tmp_path, b"0RUN", after=2)).run(DOSE)

    def the_dose_ran_but_somebody_removed_it(world, connected):
        world.clock.spend(60.0)
        connected.pump("pump_transfer").prepare(9.0)
        connected.pump("pump_transfer").start()
        world.clock.spend(120.0)

    host = Host(tmp_path)
    with pytest.raises(InDoubtError, match=r"demo/0001/dose-DMC/1.*in doubt.*Nothing is done again"):
        host.run(DOSE, before=the_dose_ran_but_somebody_removed_it)
    assert not any(data.upper().startswith(b"0RUN") for _, way, data in host.messages if way == ">")


def test_an_empty_bottle_is_noticed_by_weighing(tmp_path):
    wrong = Dose("DMC", "SIM-DMC-1", "pump_dmc", "balance", "mixer", volume_mL=1.0, expected_g=3.0)
    with pytest.raises(JobFailedError, match=r"3\.0000 g were expected but balance saw .* bottle empty or the line"):
        Host(tmp_path).run(wrong)


def test_a_transfer_moves_liquid_into_the_cell_and_an_empty_source_is_a_failure(tmp_path):
    Host(tmp_path).run(DOSE)
    fill = Transfer("pump_transfer", "balance", "mixer", "cell", volume_mL=3.0, expected_g=3.0)
    moved = Host(tmp_path).run(fill, JobKey("demo", 1, "fill"))
    assert moved["mass_g"] == pytest.approx(3.0, rel=0.05)
    empty = Empty("pump_transfer", "balance", "mixer", "cell", volume_mL=8.0)
    assert Host(tmp_path).run(empty, JobKey("demo", 1, "empty"))["rest_g"] < 0.2
    with pytest.raises(JobFailedError, match=r"only .* left mixer"):
        Host(tmp_path).run(fill, JobKey("demo", 2, "fill"))


@pytest.mark.parametrize("n", [1, 3, 5, 7, 9])
def test_emptying_is_done_again_after_a_crash(tmp_path, n):
    Host(tmp_path).run(DOSE)
    empty, key = Empty("pump_transfer", "balance", "mixer", "cell", volume_mL=8.0), JobKey("demo", 1, "empty")
    with pytest.raises(HostDiedError):
        Host(tmp_path, dies_at=n).run(empty, key)
    assert Host(tmp_path).run(empty, key)["rest_g"] < 0.2


def test_the_chamber_holds_before_anything_is_read(tmp_path):
    salty = Dose("LiPF6_DMC", "SIM-SALT-DMC-1", "pump_salt_dmc", "balance", "mixer", volume_mL=4.0, expected_g=4.0)
    Host(tmp_path).run(salty)
    Host(tmp_path).run(Transfer("pump_transfer", "balance", "mixer", "cell", 3.0, 3.0), JobKey("demo", 1, "fill"))
    host = Host(tmp_path)
    settled = host.run(Settle("chamber", 0.0, 0.1, 1800.0), JobKey("demo", 1, "settle"))
    record = host.station.journal.find(JobKey("demo", 1, "settle"))
    assert abs(settled["temperature_degC"]) <= 0.1
    assert record.ended - record.began > 1800.0
    read = Host(tmp_path).run(MeasureImpedance("lcr", "chamber", "cell", 4, 0.0, 0.1), JobKey("demo", 1, "impedance"))
    assert len(read["resistance_ohm"]) == 4
    assert read["resistance_ohm"][0] == pytest.approx(100.0, rel=0.1)  # about 1 per cm over 10 mS/cm
    assert [len(part) for part in (read["real_ohm"], read["imaginary_ohm"])] == [4, 4]
    for resistance_ohm, real_ohm, imaginary_ohm in zip(
        read["resistance_ohm"], read["real_ohm"], read["imaginary_ohm"], strict=True
    ):
        assert len(real_ohm) == len(imaginary_ohm) == len(read["frequency_Hz"])
        best = min(range(len(real_ohm)), key=lambda place: abs(imaginary_ohm[place] / real_ohm[place]))
        assert real_ohm[best] == resistance_ohm
    assert read["imaginary_ohm"][0][0] < -1.0  # electrodes at 1 kHz


def test_a_chamber_that_cannot_hold_fails_with_its_reading(tmp_path):
    with pytest.raises(JobFailedError, match=r"chamber reads .* did not hold -40 \+- 0.1 degC for 60 min within 0.5 h"):
        Host(tmp_path).run(Settle("chamber", -40.0, 0.1, 3600.0, limit_s=1800.0), JobKey("demo", 1, "settle"))
