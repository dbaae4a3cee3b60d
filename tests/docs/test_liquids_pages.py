"""Commands of README.md, newcomer.md, tutorial.md, use-what-you-know.md, compare-campaigns.md and alarms.md.

They are run as they stand there, in a clone of its own with one lab, but on campaigns of fewer trials and without
Prefect. Numbers and recipes are therefore other ones than on the pages, and only the shape of the output is compared:
its words and labels. The seeded numbers themselves, of 40 trials, were printed by the same commands.
"""

import io
import re
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docpages import ROOT
from docrun import Page, output, plain, shape, shapes, typed
from galvanaut.flows import sweep
from galvanaut.flows.lab import Lab
from smalllab import command_line

README, NEWCOMER, TUTORIAL = Page("README.md"), Page("docs/newcomer.md"), Page("docs/tutorial.md")
KNOWN, COMPARE = Page("docs/how-to/use-what-you-know.md"), Page("docs/how-to/compare-campaigns.md")
ALARMS = Page("docs/how-to/alarms.md")
QUIETLY = ("--no-prefect",)
OTHERS = {"room-temperature": 2, "half": 4, "may": 2, "june": 2}
"""Campaigns beside the shipped one, and their trials."""


def interrupted_at(job, patch):
    """Ctrl-C when so many jobs have been asked for."""
    run, left = Lab.run, job

    async def pressed(lab, key, action):
        nonlocal left
        left -= 1
        if left == 0:
            signal.raise_signal(signal.SIGINT)
        return await run(lab, key, action)

    patch.setattr(Lab, "run", pressed)


def said(name, *more):
    done = command_line("run", f"campaigns/{name}.yaml", *more, "--no-prefect")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A clone, and what its first run says on a terminal."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("campaigns/conductivity.yaml", "instruments/benches/simulated.yaml"):
        (folder / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, folder / name)
    shipped = folder / "campaigns" / "conductivity.yaml"
    text = shipped.read_text("utf-8")
    shipped.write_text(text.replace("trials: 40", "trials: 12").replace("initial: 8", "initial: 10"), "utf-8")
    for name, trials in OTHERS.items():
        mine = text.replace("name: conductivity", f"name: {name}", 1).replace("trials: 40", f"trials: {trials}")
        mine = re.sub(r"^title: .*$", "title: Highest conductivity at 25 degC", mine, flags=re.M)
        shipped.with_name(f"{name}.yaml").write_text(mine.replace("initial: 8", "initial: 2"), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("FORCE_COLOR", "1")  # what makes a terminal of it
        (done,) = typed(README.block("uv run galvanaut run"), more=QUIETLY)
    shutil.copytree(folder, folder / "newcomer")
    return folder, plain(done.stdout)


@pytest.fixture(scope="module")
def others(first):
    """The same clone with its other campaigns, one of them interrupted in its second trial."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(first[0])
        for name in ("room-temperature", "may", "june"):
            said(name)
        with pytest.MonkeyPatch.context() as inner:
            interrupted_at(40, inner)
            assert command_line("run", "campaigns/half.yaml", *QUIETLY).returncode == 1


@pytest.fixture(autouse=True)
def clone(first, monkeypatch):
    monkeypatch.chdir(first[0])


@pytest.fixture
def lab(others, first):
    """Put back as it was."""
    shutil.copytree("lab", "kept")
    yield
    shutil.rmtree("lab")
    (first[0] / "kept").rename("lab")


@pytest.mark.parametrize(
    "block",
    [
        README.block("bench simulated (simulated), 40 trials"),
        README.block("40 trials ended"),
        TUTORIAL.block("18/40 best"),
        TUTORIAL.block("40 trials ended, 0 failed, 25 h"),
    ],
    ids=str,
)
def test_a_terminal_shows_what_the_pages_show(first, block):
    told = {re.sub(r"^\S (\w+) [━╸╺ ]+", r"* \1 BAR ", each) for each in shapes(first[1])}
    shown = [re.sub(r"^\S (\w+) [━╸╺ ]+", r"* \1 BAR ", each) for each in shapes(block.text)]
    assert [each for each in shown if each not in told] == []


def test_the_result_in_the_terminal(lab):
    block = TUTORIAL.block("uv run galvanaut status conductivity")
    (done,) = typed(block)
    *shown, dots = output(block)
    assert (dots, shapes(shown)) == ("...", shapes(done.stdout)[: len(shown)])


def test_a_campaign_that_was_interrupted_goes_on(lab):
    status, again = TUTORIAL.block("5 of 15 trials ended"), TUTORIAL.block("uv run galvanaut run campaigns/half.yaml")
    (done,) = typed(status)
    found = [line for line in shapes(done.stdout) if not line.startswith(("may", "june"))]
    assert found == shapes(output(status))
    (done,) = typed(again, more=QUIETLY)
    greeting, dots, end = output(again)[:2], output(again)[2], output(again)[3]
    assert dots == "..."
    assert shapes(done.stdout)[:2] == shapes(greeting)
    assert shape(end) in shapes(done.stdout)


def test_planners_are_compared(first, monkeypatch):
    """With one seed, on a campaign of its own of six trials."""
    campaign = Path("campaigns/half.yaml").read_text("utf-8").replace("trials: 4", "trials: 6")
    Path("campaigns/six.yaml").write_text(campaign, "utf-8")
    monkeypatch.setattr(sweep, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(1))  # no imports anew
    changes = {"campaigns/conductivity.yaml": "campaigns/six.yaml", "--seeds 10": "--seeds 1"}
    (done,) = typed(TUTORIAL.block("galvanaut benchmark"), changes)
    assert all(re.search(rf"^│ *{planner} ", done.stdout, re.M) for planner in ("bayes", "sobol", "random"))


def test_a_trial_that_gelled_fails_and_the_rest_is_replayed(lab):
    (done,) = typed(KNOWN.block("it gelled"))
    assert "it gelled" in command_line("status", "conductivity", "--json").stdout
    (done,) = typed(KNOWN.block("galvanaut replay"))
    (promised,) = re.findall(
        r"`(\d+ of \d+ proposals are [^`]*)`", (ROOT / "docs/how-to/use-what-you-know.md").read_text("utf-8")
    )
    assert done.stdout.strip() == promised.replace("40", "12")


def test_two_campaigns_are_compared(lab):
    (done,) = typed(COMPARE.block("galvanaut compare"))
    assert "lab/reports/may-and-june.html" in done.stdout
    assert Path("lab/reports/may-and-june.html").stat().st_size > 1000


def test_alarms_are_asked_for(lab):
    status, alarms = typed(ALARMS.block("galvanaut alarms"))
    assert "conductivity [simulated]: 12 of 12 trials ended" in status.stdout
    assert alarms.stdout == "no alarm is open\n"


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self):
        return True


def test_the_path_of_a_newcomer(first, monkeypatch):
    """Without `pip install uv`, and with 6 trials, not 15; all answers but two are those in brackets."""
    monkeypatch.chdir(first[0] / "newcomer")
    (done,) = typed(NEWCOMER.block("pip install uv"))
    assert done.stdout.splitlines()[-1] == "ok"
    run = NEWCOMER.block("run campaigns/conductivity.yaml")
    assert run.commands == README.block("uv run galvanaut run").commands, "which was run above"
    asked = NEWCOMER.block("galvanaut new")
    monkeypatch.setattr("sys.stdin", Terminal("conductivity\nmy-first\n\n\n6\n"))
    *_, done = typed(asked, more=QUIETLY)
    assert "6 trials ended" in done.stdout
    typed(NEWCOMER.block("status my-first"))
    dossier, verified = typed(NEWCOMER.block("galvanaut dossier"))
    assert re.match(r"my-first-dossier: \d+ files", dossier.stdout)
    assert "6 of 6 proposals are the same, byte for byte" in verified.stdout
    assert Path("my-first-dossier/index.html").exists()
    assert Path("lab/reports/my-first.html").exists()
