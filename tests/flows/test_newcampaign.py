"""`galvanaut new`: every file that it writes can be run, and nothing is ever written over."""

import pytest
from ruamel.yaml import YAML

from galvanaut.campaigns.templates import KINDS
from galvanaut.core.errors import InputError
from galvanaut.flows.check import check_campaign
from galvanaut.flows.newcampaign import Given, new_campaign
from smalllab import BENCH, ROOT, command_line


@pytest.fixture(autouse=True)
def checkout(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("kind", KINDS)
def test_every_template_passes_the_check(tmp_path, kind):
    found = command_line("new", tmp_path / "x.yaml", "--template", kind, "--name", "mine", "--trials", 5)
    assert found.returncode == 0, found.stderr
    check_campaign(tmp_path / "x.yaml", None)
    checked = command_line("check", tmp_path / "x.yaml")
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, "ok"), checked.stderr
    assert checked.stdout.startswith("mine: ")
    text = (tmp_path / "x.yaml").read_text("utf-8")
    assert text.count("#") > 10
    assert max(map(len, text.splitlines())) <= 120
    assert YAML(typ="safe", pure=True).load(text)["budget"]["trials"] == 5


@pytest.mark.parametrize("solvents", ["EC,DMC", "EC,EMC,PC", "DMC,EMC,EC"])
def test_fewer_solvents_keep_to_what_the_bench_can_measure(tmp_path, solvents):
    found = command_line("new", tmp_path / "x.yaml", "--template", "conductivity", "--solvents", solvents)
    assert found.returncode == 0, found.stderr
    assert command_line("check", tmp_path / "x.yaml").returncode == 0


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "x.yaml").write_text("mine")
    found = command_line("new", tmp_path / "x.yaml")
    assert (found.returncode, "is not written over" in found.stderr) == (2, True)
    assert (tmp_path / "x.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--template", "colour"), "is one of conductivity, cycle-life"),
        (("--name", "a b"), "cannot be one"),
        (("--solvents", "EC,H2O"), "at least two of EC, DMC, EMC, PC"),
        (("--solvents", "EC"), "at least two"),
        (("--temperature", "-60"), "is not written, for such a campaign cannot run"),
        (("--bench", "nowhere.yaml"), "is not written, for such a campaign cannot run"),
    ],
)
def test_what_could_not_run_is_not_written(tmp_path, options, said):
    found = command_line("new", tmp_path / "x.yaml", *options)
    assert (found.returncode, said in found.stderr) == (2, True), found.stderr
    assert ".draft" not in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_questions_are_asked_for_what_is_open(tmp_path):
    asked = []

    def ask(question, usual):
        asked.append(question)
        return {"Name of the campaign?": "cold", "Trials in all?": "7"}.get(question, usual)

    said = new_campaign(tmp_path / "x.yaml", Given(kind="low-temperature", bench=BENCH), ask)
    assert "written and checked" in said
    assert [question.split()[0] for question in asked] == ["Name", "Solvents", "Temperature", "Trials"]
    content = YAML(typ="safe", pure=True).load((tmp_path / "x.yaml").read_text("utf-8"))
    assert (content["name"], content["budget"]) == ("cold", {"trials": 7})


def test_an_answer_that_is_no_number(tmp_path):
    with pytest.raises(InputError, match="is a number, found 'cold'"):
        new_campaign(tmp_path / "x.yaml", Given("conductivity", "x"), lambda q, usual: "cold" if "degC" in q else usual)
