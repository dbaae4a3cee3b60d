"""A dossier of a campaign with cells: protocols for other cyclers, records, cells, and failures with their reasons."""

import csv
import json
from xml.etree import ElementTree

import pytest
from aurora_unicycler import CyclingProtocol

from celllab import cell_campaign
from galvanaut.flows.dossier.write import Options, write_dossier
from galvanaut.instruments.telemetry.seal import read_columns, read_facts
from galvanaut.instruments.telemetry.validate import problems_in
from handedover import run
from smalllab import command_line


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two trials; the recipe of the second one is said to have failed afterwards."""
    folder = tmp_path_factory.mktemp("cells")
    lab = run(cell_campaign(folder), folder / "lab")
    assert command_line("fail", "cycle-life", "2", "--reason", "it gelled", "--lab", lab).returncode == 0
    return lab, write_dossier(lab, "cycle-life", folder / "dossier", Options(with_csv=True)).path


def test_the_tests_are_there_for_other_cyclers(done):
    _, folder = done
    for name in ("formation", "cycling"):
        CyclingProtocol.from_json(folder / f"protocol/{name}.unicycler.json")
        ElementTree.parse(folder / f"protocol/{name}.neware.xml")
        assert (folder / f"protocol/{name}.biologic.mps").read_bytes().startswith(b"EC-LAB SETTING FILE")
    notes = json.loads((folder / "protocol/notes.json").read_text("utf-8"))
    assert "C-rates refer to the capacity that formation measures" in notes["cycling"][0]


def test_the_records_are_the_sealed_ones(done):
    lab, folder = done
    ours = sorted((lab / "records" / "cycle-life").glob("*.parquet"))
    assert len(ours) == 8
    for path in ours:
        copies = [each for each in folder.glob("records/*.parquet") if each.read_bytes() == path.read_bytes()]
        assert len(copies) == 1
        assert read_facts(copies[0])[0]["simulated"] is True
        assert problems_in(read_columns(copies[0])) == []
    assert len(list(folder.glob("records/*.bdf.csv"))) == 8


def test_cells_and_exclusions_with_their_reasons(done):
    _, folder = done
    with (folder / "evidence/cells.csv").open(encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    assert {row["origin"] for row in cells} == {"simulated"}
    with (folder / "evidence/exclusions.csv").open(encoding="utf-8") as file:
        left_out = list(csv.DictReader(file))
    assert ("2", "trial", "failed_recipe", "it gelled") in [tuple(row.values()) for row in left_out]
    page = (folder / "index.html").read_text("utf-8")
    assert "it gelled" in page
    assert "Cells are simulated, too" in page
    assert "Build cell" in (folder / "procedure/sop.md").read_text("utf-8")


def test_it_is_verified_and_one_value_gives_no_window(done):
    _, folder = done
    assert json.loads((folder / "recipe/process-window.json").read_text("utf-8"))["window"] is None
    found = command_line("verify", folder)
    assert (found.returncode, "2 of 2 proposals are the same" in found.stdout) == (0, True)
