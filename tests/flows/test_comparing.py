"""`galvanaut compare` on two labs with a campaign of one name."""

import asyncio
import json

import pytest

from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from smalllab import command_line, small_campaign


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    for name, seed in (("one", "1"), ("two", "2")):
        (folder / name).mkdir()
        campaign = small_campaign(folder / name, 3, {"seed: 1": f"seed: {seed}"})
        with open_lab(campaign, folder / name / "lab") as lab:
            asyncio.run(run_campaign(lab))
        (folder / name / "lab").rename(folder / f"lab-{name}")
    return folder / "lab-one", folder / "lab-two"


def test_two_labs_are_told_apart_by_their_folders(labs):
    done = command_line("compare", "conductivity", "conductivity", "--lab", labs[0], "--other-lab", labs[1])
    assert done.returncode == 0, done.stderr
    assert "conductivity (lab-one) [simulated]: 3 trials ended" in done.stdout
    page = labs[0] / "reports" / "conductivity-lab-one-and-conductivity-lab-two.html"
    assert done.stdout.strip().endswith(str(page))
    assert "conductivity (lab-two) is simulated." in page.read_text("utf-8")


def test_json_for_machines(labs):
    done = command_line("compare", "conductivity", "conductivity", "--lab", labs[1], "--other-lab", labs[0], "--json")
    found = json.loads(done.stdout)
    assert [each["trials"] for each in found["campaigns"]] == [3, 3]
    assert found["comparable"] is True
    assert {"path": "seed", "first": "2", "second": "1"} in found["plan"]


def test_a_campaign_is_not_compared_with_itself(labs):
    done = command_line("compare", "conductivity", "conductivity", "--lab", labs[0])
    assert (done.returncode, "is compared with itself" in done.stderr) == (2, True)
