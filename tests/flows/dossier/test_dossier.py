"""`galvanaut dossier`: what is in the package, where every number comes from, and that nothing half made is left."""

import csv
import json
import re
import zipfile

import pytest

from galvanaut.flows.dossier import write
from handedover import WANTED, handed_over
from smalllab import command_line, journal_of


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return handed_over(tmp_path_factory.mktemp("dossier"))


def load(done, path):
    return json.loads((done.folder / path).read_text("utf-8"))


def rows(done, path):
    with (done.folder / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_recipe_card_is_what_was_weighed(done):
    card, best = load(done, "recipe/recipe-card.json"), done.content.best
    assert card["trial"] == best.number
    masses = {each["key"]: each["per_100_g"]["value"] for each in card["components"]}
    assert sum(masses.values()) == pytest.approx(100.0)
    assert masses == pytest.approx({key: 100 * part for key, part in best.as_made.mass_fractions.items()})
    assert {each["per_100_g"]["origin"] for each in card["components"]} == {"simulated"}
    assert [each["stock"] for each in card["additions"]] == [dose["stock"] for dose in best.doses]
    assert all(each["lot"].startswith("SIM-") for each in card["additions"])
    assert {each["supplier"] for each in card["additions"]} == {None}, "nobody has written that down"
    assert sum(each["per_100_g"]["value"] for each in card["additions"]) == pytest.approx(100.0)


def test_the_window_holds_the_recipe(done):
    window = load(done, "recipe/process-window.json")["window"]
    assert window["specification"] == [{"name": "conductivity", "unit": "mS/cm", "low": 5.0, "high": None}]
    assert window["lowest_probability_found"] >= window["probability"] == 0.9
    shares = done.content.best.tested.solvent_shares
    for key, share in shares.items():
        ends = window["ranges"][key]
        assert ends["low"] - 0.5 <= 100 * share <= ends["high"] + 0.5


def test_the_procedure_is_the_jobs_of_the_journal(done):
    told = load(done, "procedure/sop.json")["batch"]
    number = done.content.best.number
    jobs = [str(job.key) for job in journal_of(done.lab).records() if job.key.trial == number]
    assert [each["job"] for each in told] == jobs
    text = (done.folder / "procedure/sop.md").read_text("utf-8")
    assert "**Simulated.**" in text
    assert "## Not recorded" in text
    assert text.index("## Make the batch") < text.index("## Measure the liquid") < text.index("## Clean")


def test_every_trial_is_there_with_its_origin(done):
    trials = rows(done, "evidence/trials.csv")
    assert [row["kind"] for row in trials].count("reference") == 3
    assert {row["origin"] for row in trials} == {"simulated"}
    assert len(trials) == 11
    assert len(rows(done, "evidence/readings.csv")) == 55
    effect = load(done, "evidence/effect.json")
    assert [row["trial"] for row in effect["values"] if row["recipe"] == "reference"] == [1, 6, 11]
    by_model = effect["difference_by_model"]
    assert by_model["low"] <= by_model["expected"] <= by_model["high"]


def test_predictions_stand_beside_what_came_out(done):
    found = {row["how"] for row in rows(done, "model/predictions.csv")}
    assert found == {"before", "left out"}
    assert load(done, "model/model.json")["standard_deviations_multiplied_by"] >= 1.0


def test_where_it_comes_from(done):
    instruments = load(done, "provenance/instruments.json")
    assert {each["origin"] for each in instruments} == {"simulated"}
    assert all(each["identity"]["model"] for each in instruments)
    software = load(done, "provenance/software.json")
    assert software["planner_worked_with"]["simulated"]["numpy"]
    pins = (done.folder / "provenance/installed.txt").read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==\S+", pin) for pin in pins)
    proposals = load(done, "provenance/decisions.json")["proposals"]
    assert [each["trial"] for each in proposals] == list(range(1, 12))


def test_every_number_of_the_front_page_carries_its_mark(done):
    page = (done.folder / "index.html").read_text("utf-8")
    assert "<script" not in page
    assert 'class="n simulated"' in page
    assert "Nothing was measured on hardware" in page
    cells = re.findall(r'<td class="number">(.*?)</td>', page, re.S)
    bare = [cell for cell in cells if re.search(r"\d\.\d", cell) and "<sup>" not in cell]
    assert bare == []
    for target in re.findall(r'href="([^"#:]+)"', page):
        assert (done.folder / target).is_file(), target


def test_the_metadata_describe_every_file(done):
    crate = load(done, "ro-crate-metadata.json")
    assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {each["@id"]: each for each in crate["@graph"]}
    assert entities["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    there = {path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*") if path.is_file()}
    described = {name for name, each in entities.items() if each["@type"] == "File"}
    assert described == there - {"ro-crate-metadata.json", "manifest-sha256.txt"}
    assert all(int(entities[name]["contentSize"]) == (done.folder / name).stat().st_size for name in described)
    references = re.findall(r'\{\s*"@id": "([^"]+)"\s*\}', json.dumps(crate))
    known = {*entities, "https://w3id.org/ro/crate/1.1"}
    assert set(references) <= known
    assert entities["./"]["license"]["@id"].startswith("https://creativecommons.org/")


def test_an_eln_is_the_same_in_one_root_folder(done, tmp_path):
    said = command_line("dossier", "conductivity", "--lab", done.lab, "-o", tmp_path / "x.eln", "--spec", WANTED)
    assert said.returncode == 0, said.stderr
    assert "window       EC" in said.stdout
    with zipfile.ZipFile(tmp_path / "x.eln") as archive:
        names = archive.namelist()
        assert {name.split("/")[0] for name in names} == {"conductivity-dossier"}
        assert "conductivity-dossier/ro-crate-metadata.json" in names
        assert archive.testzip() is None


def test_nothing_is_written_over_and_nothing_half_made_is_left(done, tmp_path, monkeypatch):
    found = command_line("dossier", "conductivity", "--lab", done.lab, "-o", done.folder)
    assert (found.returncode, "is not written over" in found.stderr) == (2, True)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "front_page", broken)
    for name in ("d", "d.zip"):
        found = command_line("dossier", "conductivity", "--lab", done.lab, "-o", tmp_path / name)
        assert (found.returncode, "No space left on device" in found.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--spec", "viscosity >= 1"), "this campaign knows conductivity"),
        (("--probability", "1"), "lies between 0 and 1"),
    ],
)
def test_options_that_cannot_be_used(done, tmp_path, more, said):
    found = command_line("dossier", "conductivity", "--lab", done.lab, "-o", tmp_path / "d", *more)
    assert (found.returncode, said in found.stderr) == (2, True), found.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_campaign_that_is_not_there(done, tmp_path):
    found = command_line("dossier", "other", "--lab", done.lab, "-o", tmp_path / "d")
    assert (found.returncode, "is not in the ledger" in found.stderr) == (2, True)


def test_a_planner_without_a_model_is_judged_by_one(tmp_path):
    found = handed_over(
        tmp_path, trials=5, changes={"planner: {name: bayes, initial: 2}": "planner: {name: sobol, initial: 5}"}
    )
    assert found.content.expected_sd > 0.0
    assert found.content.window is not None
    assert found.content.effect.reference == ""
    assert found.content.before is None
    page = (found.folder / "index.html").read_text("utf-8")
    assert "made no reference electrolyte" in page
    assert "The model expects" in page
