"""Early stopping in whole small campaigns: hopeless cells are taken off, and everybody is told what was decided."""

import asyncio
import csv
import json
import re
from dataclasses import replace

import pytest

from celllab import cell_campaign
from galvanaut.campaigns.campaignfile import load_campaign
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.identifiers import JobKey
from galvanaut.flows import notebook
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.celloutcome import formation_evidence
from galvanaut.flows.dossier.verify import verify
from galvanaut.flows.dossier.write import Options, write_dossier
from galvanaut.flows.earlystop import EarlyStopping
from galvanaut.flows.lab import open_lab
from galvanaut.flows.records import campaign_json, campaign_text
from galvanaut.flows.replay import replay_campaign
from galvanaut.instruments.loading import loaded_cells
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry import read_record
from smalllab import ROOT

SHORT_LIVES = {
    "stop_rules: {maximum_cycles: 3}": "stop_rules: {minimum_retention: 96 %, consecutive: 2, maximum_cycles: 60}",
    "cycle_count: 10}": "cycle_count: 70}",
    "best: 300, weight: 2": "best: 60, weight: 2",
    "parallel: 10": "parallel: 2",
    "{probability: 0.05, minimum_cycles: 30, every: 10}": "{probability: 0.4, minimum_cycles: 6, every: 3}",
}
TRIALS = 6


def campaign(folder):
    return cell_campaign(folder, TRIALS, SHORT_LIVES)


def run(file, lab):
    with open_lab(file, lab) as opened:
        asyncio.run(run_campaign(opened))
        left = loaded_cells(opened.station.journal.records())
        alarms = [str(each) for each in opened.station.alarms]
    return campaign_json(lab, "cycle-life"), left, alarms


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("early")
    return folder / "lab", *run(campaign(folder), folder / "lab")


def _table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _stopped(record):
    return [trial for trial in record["trials"] if trial["details"].get("forecast")]


def test_some_recipes_are_given_up_and_their_cells_are_taken_out(done):
    _, record, left, alarms = done
    assert [trial["status"] for trial in record["trials"]] == ["ok"] * TRIALS
    assert _stopped(record), "the test says nothing if nothing was stopped"
    assert left == {}
    assert alarms == []


def test_nothing_is_decided_before_four_cells_have_come_to_their_end(done):
    _, record, _, _ = done
    for trial in record["trials"]:
        for each in trial.get("weighed", ()):
            assert len(each["finished"]) >= 4
            ends = [
                other["ended_at"]
                for other in record["trials"]
                if any(cell["cell"] in each["finished"] for cell in other["details"].get("cells", ()))
            ]
            assert max(ends) <= each["at"]


def test_a_decision_says_on_what_it_rests(done):
    _, record, _, _ = done
    for trial in _stopped(record):
        *before, last = trial["weighed"]
        assert all(each["decision"]["action"] == "continue" for each in before)
        decision = last["decision"]
        assert decision["action"] == "stop"
        assert decision["probability"] < 0.4
        assert f"chance to beat trial {last['to_beat']['trial']} (" in decision["reason"]
        assert last["to_beat"]["trial"] != trial["trial"]
        assert len(decision["data_hash"]) == 64
        assert min(last["seen"].values()) >= 6


def test_the_planner_is_told_the_forecast_with_how_sure_it_is(done):
    _, record, _, _ = done
    for trial in _stopped(record):
        decision = trial["weighed"][-1]["decision"]
        assert trial["values"]["life"] == decision["life"]
        assert trial["deviations"]["life"] == decision["life_sd"]
        assert decision["life"] > max(trial["weighed"][-1]["seen"].values()) - 1
        assert "censored" not in trial["details"]
        assert trial["deviations"]["score"] > 0


def test_a_forecast_is_never_the_best_result(done):
    _, record, _, _ = done
    assert record["best"] not in [trial["trial"] for trial in _stopped(record)]
    assert not set(record["front"]["trials"]) & {trial["trial"] for trial in _stopped(record)}


def test_status_and_dossier_say_which_values_are_forecasts(done, tmp_path):
    lab, record, _, _ = done
    stopped = [trial["trial"] for trial in _stopped(record)]
    said = re.findall(r"trial +(\d+) forecast \d", campaign_text(lab, "cycle-life"))
    assert sorted(map(int, said)) == stopped
    folder = write_dossier(lab, "cycle-life", tmp_path / "dossier", Options()).path
    trials, predictions = (_table(folder / path) for path in ("evidence/trials.csv", "model/predictions.csv"))
    for column in ("life is a forecast", "score is a forecast"):
        assert [int(row["trial"]) for row in trials if row[column] == "True"] == stopped
    assert not {*stopped} & {int(row["trial"]) for row in predictions}


def test_a_notebook_s_table_and_picture_say_which_values_are_forecasts(done):
    lab, record, _, _ = done
    stopped = [trial["trial"] for trial in _stopped(record)]
    found = notebook.results("cycle-life", lab)
    for name in ("life", "score"):
        kinds = found.trials[f"{name} known as"]
        assert list(kinds[kinds == "forecast"].index) == stopped
        assert set(kinds.drop(stopped)) <= {"measured", "lower bound"}
    assert "conductivity known as" not in found.trials
    svg = found.picture()._repr_svg_()
    assert svg.count('fill="none" stroke="#9aa5b1"') == (found.trials["score known as"] != "measured").sum()
    assert "hollow: forecast" in svg


def test_the_records_of_a_recipe_that_was_given_up_are_whole_and_say_why(done):
    lab, record, _, _ = done
    trial = _stopped(record)[0]
    reason = trial["weighed"][-1]["decision"]["reason"]
    ended = [cell["ended"] for cell in trial["details"]["cells"]]
    assert f"ended early: {reason}" in ended
    replicate = 1 + ended.index(f"ended early: {reason}")
    frame = read_record(lab, f"cycle-life/{trial['trial']:04d}/cycling/{replicate}")
    assert frame.attrs["outcome"] == "ended"
    assert frame["Cycle Count / 1"].max() >= 6


@pytest.mark.parametrize("why", ["badly built", "its test failed"])
def test_cells_that_do_not_count_are_not_weighed(done, monkeypatch, why):
    """The first cell of two is one; its place in the ledger's decisions is another matter."""
    with open_lab(done[0].parent / "campaign.yaml", done[0]) as lab:
        stopping, trial, find = EarlyStopping(lab), lab.ledger.trials[1], lab.station.journal.find
        assert [each.cell for each in stopping.courses(trial)] == ["cycle-life-001-1", "cycle-life-001-2"]
        if why == "badly built":

            def formed(record, *arguments, **options):
                found = formation_evidence(record, *arguments, **options)
                return replace(found, moved_Ah=0.0) if found.cell.endswith("-1") else found

            monkeypatch.setattr("galvanaut.flows.earlystop.formation_evidence", formed)
            stopping = EarlyStopping(lab)
        else:

            def failed(key):
                job = find(key)
                return replace(job, state="failed") if str(key).endswith("cycling/1") else job

            monkeypatch.setattr(lab.station.journal, "find", failed)
        assert [each.cell for each in stopping.courses(trial)] == ["cycle-life-001-2"]


def test_what_was_decided_is_done_later_if_it_could_not_be_done_at_once(done, tmp_path, monkeypatch):
    _, record, _, _ = done
    ends, end_early = [], Station.end_early

    def fails_first(self, key, reason):
        ends.append(str(key))
        if len(ends) == 1:
            raise GalvanautError("the host died here")
        end_early(self, key, reason)

    monkeypatch.setattr(Station, "end_early", fails_first)
    again, left, _ = run(campaign(tmp_path), tmp_path / "lab")
    assert ends[0] in ends[1:]
    assert left == {}
    first = JobKey.parse(ends[0]).trial
    now, then = again["trials"][first - 1], record["trials"][first - 1]
    assert now["weighed"] == then["weighed"], "decided once, and in the ledger before anything was done"
    assert now["ended_at"] > then["ended_at"]


def test_every_decision_comes_out_the_same_again(done):
    lab, record, _, _ = done
    found = replay_campaign(lab, "cycle-life", lambda *_: None)
    assert found.is_same, found.text()
    assert found.decided == sum(len(trial.get("weighed", ())) for trial in record["trials"]) > 0
    assert f"{found.decided} of {found.decided} decisions whether cells go on are the same" in found.text()


def test_a_dossier_holds_what_its_decisions_rest_on(done, tmp_path):
    lab, record, _, _ = done
    found = verify(write_dossier(lab, "cycle-life", tmp_path / "dossier", Options()).path)
    assert found.is_good, found.text()
    assert found.replay.decided == sum(len(trial.get("weighed", ())) for trial in record["trials"])


def test_a_decision_that_comes_out_otherwise_is_named(done, monkeypatch):
    lab, _, _, _ = done
    monkeypatch.setattr("galvanaut.flows.stopdecision.beating", lambda *_: lambda lives: lives > 1.0)
    found = replay_campaign(lab, "cycle-life", lambda *_: None)
    assert not found.is_same
    assert not found.decided
    assert 'action: was "stop", now "continue"' in "\n".join(each.text() for each in found.undecided)


def test_one_seed_decides_alike_to_the_byte(done, tmp_path):
    _, record, _, _ = done
    again, _, _ = run(campaign(tmp_path), tmp_path / "lab")
    assert json.dumps(again) == json.dumps(record)


def test_without_life_among_the_objectives_it_is_refused(tmp_path):
    text = (ROOT / "campaigns" / "conductivity.yaml").read_text("utf-8") + "\nearly_stop: {probability: 0.1}\n"
    (tmp_path / "campaign.yaml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"early_stop.*needs life among the objectives"):
        load_campaign(tmp_path / "campaign.yaml")
