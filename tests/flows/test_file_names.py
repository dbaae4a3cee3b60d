"""Whatever a campaign, a bench or a ledger calls things: no file appears outside of the lab folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from galvanaut.campaigns.campaignfile import load_campaign
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey, is_name
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.plan import load_plan
from galvanaut.flows.records import write_campaign_report
from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.orders import OrderBook
from galvanaut.instruments.telemetry.sealed import record_path
from smalllab import BENCH, command_line, small_campaign

HOSTILE = [
    "../x", "..", ".", "/etc/x", "a/b", "a\\b", "..\\x", "C:x", "a\0b", "x" * 300, "ä", "x\n", "x ", "", "-x", ".x",
    "a.b", "a:b", "~", "$HOME", "%2e%2e%2f", "\u202eyx", "ｘ", "NUL.txt",
]  # fmt: skip
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80))


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@given(name=NAMES)
def test_a_lab_folder_gives_no_place_outside_of_it(name):
    lab = Path("/labs/one")
    ways = [LabFolder(lab).report, LabFolder(lab).world, lambda name: LabFolder(lab).record(name, "cell")]
    ways += [lambda name: LabFolder(lab).record("demo", name), lambda name: lab / record_path(f"{name}/0001/cycle/1")]
    ways += [lambda name: lab / record_path(f"demo/0001/{name}/1")]
    for way in ways:
        try:
            place = way(name)
        except InputError:
            assert not is_name(name) or "/" in name
        else:
            assert is_name(name)
            assert place.parent.parent.parent in (lab, lab.parent)
            assert ".." not in place.parts
            assert len(place.name) < 120


@given(name=NAMES.filter(lambda name: "\0" not in name))
def test_a_page_of_an_order_stays_in_its_folder(name):
    place = OrderBook.__new__(OrderBook)
    place._folder = Path("/labs/one/orders")
    assert place.path(str(JobKey(name, 1, name))).parent == Path("/labs/one/orders")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_such_name_passes_a_campaign_or_a_bench_file(tmp_path, name):
    yaml = YAML(pure=True)
    campaign = yaml.load(small_campaign(tmp_path).read_text("utf-8"))
    campaign["name"] = name
    yaml.dump(campaign, tmp_path / "campaign.yaml")
    with pytest.raises(InputError, match="name"):
        load_campaign(tmp_path / "campaign.yaml")
    for part in ("name", "stocks", "vessels", "instruments"):
        bench = yaml.load(BENCH.read_text("utf-8"))
        if part == "name":
            bench["name"] = name
        else:
            bench[part][name] = next(iter(bench[part].values()))
        yaml.dump(bench, tmp_path / "bench.yaml")
        with pytest.raises(InputError):
            load_bench(tmp_path / "bench.yaml")


@pytest.mark.parametrize("field", ["bench", "formation", "cycling"])
@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "a\0b", "x" * 300, "", ".", "ä/\u202e"])
def test_files_that_a_campaign_names_are_read_at_most_and_nothing_is_made(tmp_path, field, name):
    yaml = YAML(pure=True)
    home = tmp_path / "home"
    home.mkdir()
    campaign = yaml.load(small_campaign(home).read_text("utf-8"))
    if field == "bench":
        campaign["bench"] = name
    else:
        plans = dict.fromkeys(("formation", "cycling"), str(BENCH.parents[1] / "plans" / "formation.yaml"))
        campaign["bench"] = str(BENCH.with_name("simulated-cycling.yaml"))
        campaign["procedure"]["cells"] = {"replicates": 1, **plans, field: name}
    yaml.dump(campaign, home / "campaign.yaml")
    before = files(tmp_path)
    with pytest.raises(InputError):
        load_plan(home / "campaign.yaml")
    done = command_line("run", home / "campaign.yaml", "--lab", tmp_path / "lab", "--no-prefect")
    assert done.returncode == 2, done.stderr
    assert files(tmp_path) == before


def test_a_ledger_of_somebody_else_writes_no_report_elsewhere(tmp_path):
    campaign = load_campaign(small_campaign(tmp_path)).to_json()
    lab = LabFolder(tmp_path / "lab")
    lab.path.mkdir()
    log = EventLog(open_engine(lab.ledger), "ledger")
    bench = {"name": "b", "visa": "simulated"}
    log.append(0.0, "../../evil", "started", {"plan": {"campaign": campaign, "bench": bench, "seed": 1}})
    before = files(tmp_path)
    with pytest.raises(InputError, match="cannot name a file"):
        write_campaign_report(lab.path, "../../evil")
    assert {path for path in files(tmp_path) - before if path.suffix not in (".db-wal", ".db-shm")} == set()
    assert not (tmp_path / "evil.html").exists()
