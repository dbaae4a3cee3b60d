"""The page about reading data: its code is run as it stands there, on a lab in which a test was run."""

import re
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest

from cyclejob import Host
from galvanaut.core import bdf
from galvanaut.core.clock import at_work
from galvanaut.core.identifiers import JobKey
from smalllab import command_line

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "read-your-data.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.M | re.S)
KEY = JobKey("formation", 1, "cycle", 1)


@pytest.fixture
async def result(tmp_path, monkeypatch):
    """Of a test in a folder `lab` below the working directory."""
    (tmp_path / "lab").mkdir()
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        host = Host(tmp_path / "lab", stack)
        with at_work(host.clock):
            return await host.station.run(KEY, host.action("left"))


async def test_the_code_of_the_page(result, tmp_path):
    names = {}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"read-your-data block {number}", "exec"), names)
    moved = [[cycle, *names["moved_Ah"].loc[cycle]] for cycle in names["moved_Ah"].index]
    assert [each[0] for each in moved] == [1, 2]
    assert [pytest.approx(each) for each in result["cycles"]] == moved
    assert names["efficiency"].between(0.9, 1.1).iloc[1]
    assert names["sealed"]["test"].tolist() == [str(KEY)]
    assert (tmp_path / "voltage.html").stat().st_size > 1000
    assert names["problems_of"](names["frame"]) == []
    (listed,) = re.findall(r"^The facts are (.*?)\.$", TEXT, re.M | re.S)
    words = set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", listed, flags=re.S)))
    assert words == set(names["facts"])


async def test_the_values_that_the_page_looks_at(result):
    names = {}
    exec(BLOCKS[0], names)
    (line,) = (block for block in BLOCKS if "attrs" in block)
    assert eval(line, names) == ("cell-1", True, "MODEL 2450", "ended")
    assert eval("list_records('lab')[0]", names).file == result["record"]["path"]
    assert list(names["frame"].columns) == list(bdf.COLUMNS)


def test_the_page_knows_every_column():
    rows = re.findall(r"^\| (`[^|]*) \|", TEXT.split("## On the command line")[0], re.M)
    assert [name for row in rows for name in re.findall(r"`([^`]*)`", row)] == list(bdf.COLUMNS)


async def test_the_commands_of_the_page(result, tmp_path):
    (block,) = re.findall(r"## On the command line\n```\n(.*?)```", TEXT, re.S)
    for line in block.strip().splitlines():
        done = command_line(*line.split()[1:])
        assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("cell-1.*")} == {
        "cell-1.bdf.csv",
        "cell-1.bdf.metadata.json",
        "cell-1.bdf.parquet",
    }
    assert len(pd.read_csv(tmp_path / "cell-1.bdf.csv")) == result["readings"]
