"""The page tutorial.md: its checks, its mistakes and its second bench, run as they stand there.

Its campaigns are run in test_liquids_pages.py, that with cells in test_cells_pages.py.
"""

import re

import pytest

from docpages import ROOT, blocks
from smalllab import command_line

BLOCKS = [block.text for block in blocks(ROOT / "docs" / "tutorial.md")]


def block(beginning):
    """The one block with this in its first line."""
    (found,) = (text for text in BLOCKS if beginning in text.splitlines()[0])
    return found


def shown(text):
    """What stands below the command in a block."""
    return text.split("\n", 1)[1]


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with the files that the tutorial works on."""
    for name in ("campaigns/conductivity.yaml", "instruments/benches/simulated.yaml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def campaign(clone):
    """The campaign of one's own of section 4: the shipped one with the lines of the page in it."""
    text = (clone / "campaigns" / "conductivity.yaml").read_text("utf-8")
    for line in block("name: room-temperature").splitlines():
        key = line.split(":")[0]
        if key != "...":
            text, count = re.subn(rf"^{re.escape(key)}:.*$", line, text, flags=re.M)
            assert count == 1, line
    path = clone / "campaigns" / "room-temperature.yaml"
    path.write_text(text, "utf-8")
    return path


def checked(campaign, old, new):
    """What `check` says of the campaign with this in it."""
    text = campaign.read_text("utf-8")
    assert old in text
    campaign.write_text(text.replace(old, new), "utf-8")
    done = command_line("check", "campaigns/room-temperature.yaml")
    campaign.write_text(text, "utf-8")
    assert done.returncode == 2
    return done.stderr.strip()


def test_the_first_check_says_what_the_page_shows(clone):
    assert "uv run galvanaut check campaigns/conductivity.yaml" in block("pip install uv")
    found = command_line("check", "campaigns/conductivity.yaml")
    assert (found.returncode, found.stdout.strip()) == (0, block("conductivity: Highest conductivity"))


def test_the_mistakes_are_told_in_the_words_of_the_page(campaign):
    assert command_line("check", "campaigns/room-temperature.yaml").returncode == 0
    missing = block("galvanaut check campaigns/room-temperature.yaml")
    assert checked(campaign, "temperature: 25 degC", "temperature: 25") == shown(missing)
    assert checked(campaign, "low: 0.5 mol/kg", "low: 0.5 mol/L") == block("line 20")
    crossed, unknown, none_left = block("line 14").splitlines()
    assert checked(campaign, "EC:  {low: 0.0, high: 0.5}", "EC:  {low: 0.5, high: 0.1}") == crossed
    assert checked(campaign, "    EMC: {low", "    EMV: {low").splitlines()[0] == unknown
    assert checked(campaign, "EMC >= PC*7/3", "EMC >= 0.95") == none_left
    no_stock, _ = block("components.additives.VC").split("\n", 1)
    assert checked(campaign, "additives: {}", "additives: {VC: {low: 0 %, high: 2 %}}") == no_stock
    beyond = " ".join(block("components.additives.VC").split("\n", 1)[1].split()).split(" ... ")
    found = checked(campaign, "temperature: 25 degC", "temperature: 60 degC")
    assert all(piece in found for piece in (beyond[0][:120], beyond[1]))


def test_a_campaign_that_has_begun_keeps_its_settings(clone):
    assert command_line("run", "campaigns/conductivity.yaml", "--max-trials", 1, "--no-prefect").returncode == 0
    found = command_line("run", "campaigns/conductivity.yaml", "--seed", 2)
    assert (found.returncode, found.stderr.strip()) == (2, shown(block("conductivity.yaml --seed 2")))


def test_another_bench(campaign, clone):
    text = (clone / "instruments" / "benches" / "simulated.yaml").read_text("utf-8")
    mine = text.replace("name: simulated", "name: mine", 1) + "\n" + block("simulation:")
    (clone / "instruments" / "benches" / "mine.yaml").write_text(mine, "utf-8")
    commands = block("galvanaut bench check instruments/benches/mine.yaml").splitlines()
    for line in commands:
        words = line.removeprefix("$ uv run galvanaut ").split()
        done = command_line(*words, *(["--no-prefect"] if words[0] == "run" else []))
        assert done.returncode == 0, done.stderr
    assert "3 trials ended" in done.stdout
