"""What goes wrong in a laboratory: a host stopped for hours, a blocked line, a hiccup, hands in the way."""

import asyncio

import pytest

from deafpump import deaf
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.flows import procedure
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.records import campaign_json
from galvanaut.instruments.jobs import JobFailedError
from galvanaut.simulators.devices.mt_sics import Balance
from galvanaut.simulators.devices.ne1000 import SyringePump
from smalllab import BENCH, command_line, small_campaign


class HostStoppedError(Exception):
    """Ends a run in an orderly way, as Ctrl-C does: instruments are made safe."""


def run(campaign, lab, **options):
    with open_lab(campaign, lab, **options) as opened:
        asyncio.run(run_campaign(opened))
    return campaign_json(lab, "conductivity")


def stopped_before(monkeypatch, step, trial=1):
    """Let runs end before a step of a trial."""
    original = getattr(procedure, step)

    async def stop(record, lab):
        if record.number == trial:
            raise HostStoppedError
        return await original(record, lab)

    steps = procedure.Steps(**{step: stop})
    monkeypatch.setattr(procedure.run_trial, "__defaults__", (steps,))
    return lambda: monkeypatch.setattr(procedure.run_trial, "__defaults__", (procedure.PLAIN,))


def hours_pass(campaign, lab, hours):
    with open_lab(campaign, lab) as opened:
        opened.clock.spend(hours * 3600)


def test_after_hours_of_standstill_nothing_is_measured_at_the_wrong_temperature(campaign, tmp_path, monkeypatch):
    undisturbed = run(campaign, tmp_path / "whole")
    go_on = stopped_before(monkeypatch, "measure")
    with pytest.raises(HostStoppedError):
        run(campaign, tmp_path / "lab")
    go_on()
    hours_pass(campaign, tmp_path / "lab", 3)
    after = run(campaign, tmp_path / "lab")
    assert all(abs(trial["details"]["temperature_degC"]) <= 0.2 for trial in after["trials"])
    values = [[trial["values"]["conductivity"] for trial in record["trials"]] for record in (after, undisturbed)]
    assert values[0] == pytest.approx(values[1], rel=0.02)


def nobody_to_ask(campaign):
    """Let the campaign's bench have no operators."""
    bench = campaign.with_name("bench.yaml")
    bench.write_text(f"{BENCH.read_text('utf-8')}\noperators: {{settle_doubts: false}}\n", "utf-8")
    campaign.write_text(campaign.read_text("utf-8").replace(str(BENCH), str(bench)), "utf-8")


def test_a_blocked_line_stops_the_campaign_before_the_mixer_runs_over(campaign, tmp_path, monkeypatch):
    nobody_to_ask(campaign)
    run(campaign, tmp_path / "lab", max_trials=1)
    monkeypatch.setattr(SyringePump, "handle", deaf("pump_transfer", b"0RUN"))
    with pytest.raises(JobFailedError, match=r"mixer was to be emptied but .* are left in it"):
        run(campaign, tmp_path / "lab")
    monkeypatch.undo()
    record = run(campaign, tmp_path / "lab")
    assert [trial["status"] for trial in record["trials"]] == ["ok", "failed_instrument", "ok"]


@pytest.mark.parametrize("weighing", [2, 5, 9, 14])
def test_a_hiccup_while_calibrating_does_not_lock_the_campaign(campaign, tmp_path, monkeypatch, weighing):
    handle, count = Balance.handle, 0

    def hiccup(balance, message):
        nonlocal count
        count += message.strip() == b"S"
        return b"S I\r\n" if message.strip() == b"S" and count == weighing else handle(balance, message)

    monkeypatch.setattr(Balance, "handle", hiccup)
    with pytest.raises(JobFailedError, match="balance"):
        run(campaign, tmp_path / "lab", max_trials=1)
    record = run(campaign, tmp_path / "lab", max_trials=1)
    assert record["calibration"]["cell_constant_per_cm"] == pytest.approx(1.0, rel=0.1)
    assert [trial["status"] for trial in record["trials"]] == ["ok"]


def test_a_vessel_that_somebody_touched_between_two_doses_fails_its_trial(campaign, tmp_path, monkeypatch):
    dose, count = procedure.dose, 0

    async def touched(trial, stock, volume_mL, lab, *, vessel_g=None, **more):
        nonlocal count
        count += 1
        wrong = vessel_g + 0.5 if count == 2 and vessel_g is not None else vessel_g
        return await dose(trial, stock, volume_mL, lab, vessel_g=wrong, **more)

    monkeypatch.setattr(procedure, "dose", touched)
    record = run(campaign, tmp_path / "lab", max_trials=1)
    assert record["trials"][0]["status"] == "failed_instrument"
    assert "something was added to the vessel or taken from it" in record["trials"][0]["reason"]


def test_two_campaigns_share_a_bench_between_trials_only(campaign, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    other = small_campaign(tmp_path / "other", changes={"name: conductivity\n": "name: second\n"})
    go_on = stopped_before(monkeypatch, "fill_cell")
    with pytest.raises(HostStoppedError):
        run(campaign, tmp_path / "lab")
    go_on()
    with (
        pytest.raises(InputError, match="while trial 1 of campaign conductivity is half done"),
        open_lab(other, tmp_path / "lab"),
    ):
        raise AssertionError("opened")
    run(campaign, tmp_path / "lab")
    with open_lab(other, tmp_path / "lab") as lab:
        asyncio.run(run_campaign(lab))
    assert len(campaign_json(tmp_path / "lab", "second")["trials"]) == 3


def test_records_that_were_taken_away_are_missed(campaign, tmp_path):
    run(campaign, tmp_path / "lab", max_trials=1)
    for path in (tmp_path / "lab" / "worlds").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="younger than the ledger"):
        run(campaign, tmp_path / "lab")
    for path in (tmp_path / "lab").glob("station.db*"):
        path.unlink()
    with pytest.raises(InputError, match="holds no jobs"):
        run(campaign, tmp_path / "lab")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"transfer: 3 mL": "transfer: 15 mL", "batch_mass: 6 g": "batch_mass: 20 g"},
            "the standard for calibrating takes up to 47 mL; mixer has room for 36 mL",
        ),
        ({"volume: 5 mL": "volume: 30 mL"}, "30 mL is outside the 0.02 to 9.999 mL that pump_rinse gives at once"),
        ({"volume: 5 mL": "volume: 0.001 mL"}, "procedure.rinse.volume: 0.001 mL is outside"),
        ({"batch_mass: 6 g": "batch_mass: 60 g"}, "procedure.batch_mass: a batch of 60 g takes up to 66.7 mL"),
        ({"temperature: 0 degC": "temperature: -50 degC"}, "-50 degC is outside the -40 to 80 degC of chamber"),
    ],
)
def test_a_procedure_that_cannot_work_is_refused_before_it_begins(tmp_path, changes, message):
    done = command_line("check", small_campaign(tmp_path, changes=changes))
    assert done.returncode == 2
    assert message in done.stderr


def test_one_real_instrument_has_one_owner_on_a_computer(tmp_path):
    from galvanaut.flows.labbench import sole_owner
    from galvanaut.instruments.bench import load_bench
    from smalllab import BENCH

    real = tmp_path / "real.yaml"
    real.write_text(BENCH.read_text("utf-8").replace("visa: simulated", 'visa: "@py"'), "utf-8")
    bench = load_bench(real)
    refused = pytest.raises(InputError, match=r"instrument pump_ec_dmc at ASRL1::INSTR: is in use by process")
    with sole_owner(bench), refused, sole_owner(bench):
        raise AssertionError("two owners")


def test_bottles_that_ran_low_are_changed_and_the_campaign_goes_on(tmp_path):
    campaign, bench = small_campaign(tmp_path, trials=8), tmp_path / "bench.yaml"
    full = f"{BENCH.read_text('utf-8')}\noperators: {{settle_doubts: false}}\n"
    bench.write_text(full.replace("available: 2 L", "available: 7 mL"), "utf-8")
    with pytest.raises(GalvanautError, match=r"refill or add stocks|can make none|lost to the bench"):
        run(campaign, tmp_path / "lab", bench_file=bench)
    begun = len(campaign_json(tmp_path / "lab", "conductivity")["trials"])
    assert 0 < begun < 8
    bench.write_text(full.replace("-1}", "-2}"), "utf-8")
    record = run(campaign, tmp_path / "lab", bench_file=bench)
    assert len(record["trials"]) == 8
    assert {trial["status"] for trial in record["trials"][begun:]} == {"ok"}
