"""The notebooks are executed again, and their outputs are those that are kept in them.

What the planner chose may be another recipe on another kind of processor; of cells that are tagged `planned`, what
comes before its first choice is compared.
"""

import json
import re
from pathlib import Path

import pytest

import notebookrun

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
INITIAL = 6


def text_of(output):
    return "".join(output["text"] if "text" in output else output["data"]["text/plain"])


def outputs(cells, planned):
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    chosen = [cell for cell in code if ("planned" in cell["metadata"].get("tags", [])) == planned]
    return {cell["id"]: "".join(map(text_of, cell["outputs"])) for cell in chosen}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
async def test_a_notebook_gives_what_it_shows(notebook):
    kept = json.loads(notebook.read_text("utf-8"))["cells"]
    names = {}
    with notebookrun.workplace():
        done = await notebookrun.executed(kept, names)
    assert outputs(done, planned=False) == outputs(kept, planned=False)
    assert list(outputs(done, planned=True)) == list(outputs(kept, planned=True))
    new, old = (outputs(cells, planned=True)["run"].splitlines() for cells in (done, kept))
    assert new[:INITIAL] == old[:INITIAL]
    assert len(new) == len(old) == len(names["found"].trials)
    assert re.search(r"expects most of .* \(95 %\)", outputs(done, planned=True)["best"])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_can_be_passed_on(notebook):
    names = [cell["id"] for cell in json.loads(notebook.read_text("utf-8"))["cells"]]
    assert len(set(names)) == len(names)
    assert re.findall(r"/(?:tmp|home|root|Users|private)/", notebook.read_text("utf-8")) == []
