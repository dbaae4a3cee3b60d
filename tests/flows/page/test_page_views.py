"""What the views of the lab page say, on a lab where two small campaigns have run; nothing in it is changed by that."""

import hashlib
import json
import os
import shutil
from importlib.util import find_spec

import pytest
from sqlalchemy.exc import OperationalError

from assemblylab import World, in_doubt
from cellspectra import impedance_ohm, record_with
from galvanaut.campaigns.ledger import Ledger
from galvanaut.core.bdf import SUFFIX
from galvanaut.core.clock import SystemClock, VirtualClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.identifiers import JobKey
from galvanaut.core.lock import exclusive
from galvanaut.flows.fadecourses import FadeCourses
from galvanaut.flows.page import cell as cells
from galvanaut.flows.page.source import LabSource
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry.reader import read_record
from galvanaut.instruments.telemetry.store import HotStore
from galvanaut.instruments.vendorfiles import write_record
from handedover import run
from pagelab import CELLS, LIQUIDS, TEST, Channels, client
from smalllab import scarce_campaign, tables


def got(page, path):
    reply = page.get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_the_campaigns_of_a_lab_newest_first(page):
    found = got(page, "/api/lab")["campaigns"]
    assert [(each["campaign"], each["ended"], each["simulated"]) for each in found] == [
        (LIQUIDS, 7, True),
        (CELLS, 1, True),
    ]
    assert found[0]["best"].endswith("mS/cm")


def test_a_bench_at_rest_shows_all_its_holders_free(page):
    found = got(page, "/api/bench")
    assert [row["key"] for row in found["channels"]] == [f"holder_{number:02d}" for number in range(1, 17)]
    assert {row["state"] for row in found["channels"]} == {"free"}
    assert (found["alarms"], found["orders"], found["jobs"], found["simulated"]) == ([], [], [], True)
    assert found["station"]["works"] is False or "process" in found["station"]["text"]


def real_lab(folder, silent_s):
    """A real bench that charges a cell, and has had no reading of it for so long."""
    with opened(folder / "ledger.db") as engine:
        plan = json.loads(json.dumps(dict(EventLog(engine, "ledger").read()[0].data["plan"])))
    plan["campaign"]["name"] = "real"
    plan["bench"] |= {"name": "real", "visa": "@py", "armed": True}
    plan["bench"].pop("simulation", None)
    then = VirtualClock(SystemClock().now() - silent_s)
    with opened(folder / "ledger.db") as engine:
        Ledger(EventLog(engine, "ledger"), "real", then, "real").start(plan)
    request = {"kind": "cycle", "holder": "holder_01", "sample": "c"}
    with opened(folder / "station.db") as engine:
        Journal(EventLog(engine, "journal"), then).intend(JobKey("real", 1, "cycling"), request)
    with opened(folder / "telemetry.db", durable=False) as engine:
        store = HotStore(engine)
        store.begin("real/0001/cycling/1", {"holder": "holder_01", "cell": "c", "simulated": False})
        row = Row(0, 0.0, then.now(), 3.9, 1e-3, 25.0, 0, 1, 1, 0.0)
        store.append_many({"real/0001/cycling/1": [row]})
    return folder


def test_a_real_cell_that_is_silent_ages_also_where_campaigns_were_simulated(lab, tmp_path):
    folder = real_lab(shutil.copytree(lab, tmp_path / "lab"), 10_800.0)
    with client(folder) as page:
        found = got(page, "/api/bench")
    (cell,) = [row for row in found["channels"] if row["key"] == "holder_01"]
    assert (cell["state"], cell["simulated"]) == ("charging", False)
    assert cell["age_s"] >= 10_800
    assert (found["simulated"], found["mixed"]) == (False, True)


def test_a_lab_that_was_begun_anew_is_the_one_that_is_shown(lab, tmp_path):
    folder = shutil.copytree(lab, tmp_path / "lab")
    source = LabSource(folder)
    with source.reading():
        before = set(source.versions)
    shutil.rmtree(folder)
    real_lab(shutil.copytree(lab, folder), 0.0)
    with source.reading():
        assert set(source.versions) == {*before, "real"}
        assert source.journal.find(JobKey("real", 1, "cycling")) is not None


def test_a_number_of_a_dead_process_that_another_one_bears_works_no_bench(lab, tmp_path):
    folder = shutil.copytree(lab, tmp_path / "lab")
    (folder / "station.lock").write_text(f"{os.getpid()} (galvanaut run nobody-runs-this.yaml)", "utf-8")
    with client(folder) as page:
        assert got(page, "/api/bench")["station"]["works"] is False
    (folder / "station.lock").write_text(
        f"{os.getpid()} (python)\nconductivity", "utf-8"
    )  # a program, and its campaign
    with client(folder) as page:
        assert got(page, "/api/bench")["station"] == {
            "works": True,
            "text": f"process {os.getpid()} (python) works the bench",
        }
    with exclusive(folder / "station.lock", "the bench"), client(folder) as page:
        assert got(page, "/api/bench")["station"]["works"] is True


def test_a_database_that_its_owner_tidies_up_is_asked_again(page, monkeypatch):
    def away(*_arguments):
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(LabSource, "imported", away)
    reply = page.get("/api/lab")
    assert (reply.status_code, "asks again" in reply.json()["error"]) == (503, True)


def test_a_work_order_is_shown_with_how_late_it_is_and_how_to_answer(tmp_path):
    world = in_doubt(World(tmp_path / "lab"))
    with client(world.folder) as page:
        (order,) = got(page, "/api/bench")["orders"]
    assert (order["title"], order["late"], order["is_late"]) == ("Settle a doubt", "LATE by 2 h", True)
    assert order["facts"] == {"why": "power"}
    assert any("--choice nothing" in command for command in order["commands"])


def test_an_alarm_whose_cause_is_not_gone_is_shown(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "alarms.yaml").write_text("limits: {stock_share: 90 %}\n", "utf-8")
    run(scarce_campaign(tmp_path), tmp_path / "lab")
    with client(tmp_path / "lab") as page:
        (alarm,) = got(page, "/api/bench")["alarms"]
    assert (alarm["instrument"], alarm["cause"]) == ("rinse", "running out")
    assert alarm["text"]
    assert alarm["since"].endswith("UTC")


def test_channels_under_test_show_their_last_sample(tmp_path):
    many = Channels(tmp_path / "lab", 3)
    with many.store() as store, client(many.lab) as page:
        many.add(store)
        many.add(store, changed=1)
        rows = got(page, "/api/bench")["channels"]
        assert [row["cycle"] for row in rows] == [2, 1, 1]
        assert rows[0]["voltage_V"] == pytest.approx(3.209)
        assert (rows[1]["current_A"], rows[1]["temperature_degC"], rows[1]["simulated"]) == (-2e-3, 25.0, True)
        assert rows[0]["age_s"] == 0.0
        assert rows[2]["trial"] == 3


def test_a_campaign_tells_how_it_stands_and_why_each_recipe_was_proposed(page):
    found = got(page, f"/api/campaign/{LIQUIDS}")
    assert (found["ended"], found["counts"], found["simulated"]) == (7, {"ok": 7}, True)
    assert "Nothing was measured on hardware" in found["note"]
    assert [row["trial"] for row in found["proposals"]] == [7, 6, 5, 4, 3, 2, 1]
    newest = found["proposals"][0]
    low, high = newest["interval"]
    assert low < newest["predicted"] < high
    assert newest["reason"]
    figures = found["figures"]
    assert [trace["name"] for trace in figures["convergence"]["data"]] == ["measured", "best so far"]
    assert len(figures["predicted"]["data"][1]["x"]) == 3
    assert len(figures["composition"]["data"][0]["a"]) == 7
    assert figures["front"] is None
    best = max(row["value"] for row in found["proposals"])
    assert found["best"]["value"].startswith(f"{best:.4g}")


def test_several_objectives_have_a_front(page):
    found = got(page, f"/api/campaign/{CELLS}")
    names = [trace["name"] for trace in found["figures"]["front"]["data"]]
    assert "front" in names
    assert "hypervolume" in found["front"]


def test_the_model_is_drawn_over_the_solvents_and_worked_out_once(lab, page):
    found = got(page, f"/api/model/{LIQUIDS}")
    surface, tested = found["mean"]["data"]
    assert found["why_not"] == ""
    assert len(tested["a"]) == 7
    sums = [sum(point) for point in zip(surface["a"], surface["b"], surface["c"], strict=True)]
    assert sums == pytest.approx([1.0] * len(sums))
    assert len(sums) > 50
    assert min(found["sd"]["data"][0]["marker"]["color"]) > 0
    assert "mS/cm" in found["advice"]
    assert got(page, f"/api/model/{LIQUIDS}") == found


def test_a_model_that_cannot_be_fitted_says_so(page):
    assert "enough results" in got(page, f"/api/model/{CELLS}")["why_not"]


def test_a_trial_shows_recipe_batch_steps_and_outcome(page):
    found = got(page, f"/api/trial/{LIQUIDS}/6")
    assert (found["previous"], found["next"], found["status"]) == (5, 7, "ok")
    assert sum(row["made"] for row in found["recipe_rows"]) == pytest.approx(100, abs=0.01)
    assert [row["name"] for row in found["measured"]] == ["conductivity"]
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds.index("dose") < kinds.index("settle") < kinds.index("impedance")
    assert {step["state"] for step in found["steps"]} == {"done"}
    assert "lengths" in found["proposal"]["details"]


def test_a_trial_with_cells_names_replicates_with_verdicts_and_tests(page):
    found = got(page, f"/api/trial/{CELLS}/1")["cells"]
    assert [(each["cell"], each["verdict"]) for each in found] == [
        ("cycle-life-001-1", "ok"),
        ("cycle-life-001-2", "ok"),
    ]
    assert [test["step"] for test in found[0]["tests"]] == ["formation", "cycling"]
    assert found[0]["tests"][1]["test"] == TEST


def test_values_say_whether_they_were_measured(page):
    found = got(page, f"/api/trial/{CELLS}/1")["measured"]
    kinds = {each["name"]: each["kind"] for each in found}
    assert (kinds["conductivity"], kinds["cost"], kinds["score"]) == ("measured", "calculated", "calculated")


def test_a_cell_shows_its_record_and_what_its_twin_last_wrote_down(lab, page):
    found = got(page, f"/api/cell/{TEST}")
    assert (found["cell"], found["running"], found["simulated"]) == ("cycle-life-001-1", False, True)
    assert found["readings"] == len(read_record(lab, TEST))
    assert len(found["curves"]["trace"]["time_s"]) > 20
    assert found["curves"]["capacity"]["cycle"][:2] == [1, 2]
    assert found["curves"]["retention"]["share"][0]["value"] == 1.0
    assert {curve["direction"] for curve in found["curves"]["incremental"]} == {"charge", "discharge"}
    if find_spec("numba"):  # without it simulated cells have no live twin
        assert found["kept_twin"]["state"]["cycles"] == 3
    else:
        assert found["kept_twin"] is None


def test_a_cell_s_fade_is_that_of_the_cycles_that_its_plan_compares(page, monkeypatch):
    assert got(page, f"/api/cell/{TEST}")["curves"]["retention"]["cycle"] == [1, 2, 3]
    monkeypatch.setattr(FadeCourses, "kinds", [4, 7, 7, 7])
    assert got(page, f"/api/cell/{TEST}")["curves"]["retention"]["cycle"] == [2, 3]


def test_a_twin_is_shown_against_the_measurement_and_kept_once_its_test_is_over(lab, page, monkeypatch):
    found = got(page, f"/api/twin/{TEST}")
    trace = found["trace"]
    assert len(trace["measured_V"]) == len(trace["simulated_V"]) == len(trace["soc"]) > 20
    gaps = [abs(a - b) for a, b in zip(trace["measured_V"], trace["simulated_V"], strict=True) if a and b]
    assert sum(gaps) / len(gaps) < 0.05
    assert (found["life"]["calibrated"], found["why_not"]) == (False, "")

    def never(*_arguments):
        raise AssertionError("worked out again")

    monkeypatch.setattr(cells.TwinViews, "_made", never)
    assert got(page, f"/api/twin/{TEST}") == found


def test_a_formation_has_no_twin_but_a_record(page):
    test = TEST.replace("cycling", "formation")
    assert "only cells that were formed" in got(page, f"/api/twin/{test}")["why_not"]
    assert got(page, f"/api/cell/{test}")["can_have_twin"] is False


def test_a_trial_shows_every_sweep_of_its_conductivity_cell(page):
    found = got(page, f"/api/trial/{LIQUIDS}/6")
    readings = sum(step["kind"] == "impedance" for step in found["steps"])
    assert len(found["spectra"]) % readings == 0
    assert found["spectra"][0]["name"] == "filling 1, reading 1"
    for each in found["spectra"]:
        assert each["resistance_ohm"] in each["real_ohm"]
        assert len(each["frequency_Hz"]) == len(each["imaginary_ohm"])


def test_an_imported_record_is_found_and_shows_its_spectra(tmp_path):
    record = record_with(*(impedance_ohm(R1_ohm=20.0 + 5 * cycle) for cycle in range(5)))
    write_record(tmp_path / "records" / "eis" / f"c7{SUFFIX}", record, {"imported_from": "c7.mpt", "cell": "c7"})
    (tmp_path / "records" / "eis" / f"0001-cycling-1{SUFFIX}").touch()  # of a test of ours
    with client(tmp_path) as page:
        assert got(page, "/api/lab")["imported"] == ["eis/c7"]
        found = got(page, "/api/cell/eis/c7")
        assert "other programs" in got(page, "/api/twin/eis/c7")["why_not"]
    assert (found["cell"], found["running"], found["trial"], found["imported_from"]) == ("c7", False, None, "c7.mpt")
    assert found["spectra"]["count"] == 5
    shown = found["spectra"]["shown"]
    assert [each["cycle"] for each in shown] == [1, 3, 5]
    assert [each["circuit"]["parameters"]["R1_ohm"]["value"] for each in shown] == pytest.approx([20, 30, 40], rel=1e-3)


@pytest.mark.parametrize(
    "path",
    [
        "/api/campaign/none",
        "/api/model/none",
        "/api/trial/none/1",
        f"/api/trial/{CELLS}/99",
        f"/api/cell/{CELLS}/0001/cycling/9",
        "/api/cell/../../etc/passwd",
        "/api/cell/a/b/c/d",
        "/api/twin/nothing",
    ],
)
def test_what_is_not_there_is_said_so(page, path):
    reply = page.get(path)
    assert reply.status_code == 404
    assert (
        "passwd" not in reply.text
        or "is no" in reply.text
        or "not a job key" in reply.text
        or "Not Found" in reply.text
    )


def test_nothing_in_the_lab_is_touched_by_looking(lab, tmp_path):
    copy = tmp_path / "lab"
    shutil.copytree(lab, copy)
    before = state(copy)
    with client(copy) as page:
        for path in ("lab", "bench", f"campaign/{LIQUIDS}", f"model/{LIQUIDS}", f"links/{CELLS}", f"trial/{CELLS}/1"):
            got(page, f"/api/{path}")
        got(page, f"/api/cell/{TEST}")
        got(page, f"/api/twin/{TEST}")
        assert state(copy) == before
    assert state(copy) == before


def state(folder):
    """Every file with its time and content, and the times of the folders."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.is_file() and hashlib.sha256(path.read_bytes()).digest(),
        )
        for path in [folder, *folder.rglob("*")]
    }


def test_nothing_is_created_where_there_is_no_lab_yet(tmp_path):
    with client(tmp_path) as page:
        assert got(page, "/api/lab")["campaigns"] == []
        assert got(page, "/api/bench")["channels"] == []
        assert page.get("/api/campaign/none").status_code == 404
    assert list(tmp_path.iterdir()) == []


def test_what_another_process_writes_meanwhile_is_seen(lab, tmp_path):
    copy = tmp_path / "lab"
    shutil.copytree(lab, copy)
    source = LabSource(copy)
    with source.reading():
        before = source.versions[CELLS]
        assert source.ledger(CELLS).trials[1].condemned == ""
    with tables(copy, "ledger") as engine:
        from galvanaut.campaigns.ledger import Ledger
        from galvanaut.core.clock import SystemClock
        from galvanaut.core.eventlog import EventLog

        Ledger(EventLog(engine, "ledger"), CELLS, SystemClock()).condemn(1, "it gelled")
        with source.reading():  # while the writer is there
            assert source.versions[CELLS] > before
            assert source.summary(CELLS).trials[0].status == "failed_recipe"
    with source.reading(), pytest.raises(InputError, match="not in the ledger"):
        source.ledger("none")


def test_what_others_have_written_is_never_markup(lab, tmp_path):
    copy = tmp_path / "lab<script>"
    shutil.copytree(lab, copy)
    with client(copy) as page:
        text = page.get("/").text
        assert "lab&lt;script&gt;" in text
        assert "<script>" not in text
        reply = page.get("/api/campaign/%3Cimg%20src=x%20onerror=alert(1)%3E")
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "<img" in json.loads(reply.text)["error"]  # as text, which the page sets as text
