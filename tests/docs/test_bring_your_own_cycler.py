"""The page about other people's cyclers: its table of formats, its bench file and its examples are true."""

import ast
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from ruamel.yaml import YAML

from docrun import Page, typed
from galvanaut.core.clock import VirtualClock, at_work
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.filecycler import FileCycler
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station
from galvanaut.instruments.vendorfiles import FORMATS
from smalllab import ROOT, command_line

TEXT = (Path(ROOT) / "docs" / "how-to" / "bring-your-own-cycler.md").read_text(encoding="utf-8")
PAGE = Page("docs/how-to/bring-your-own-cycler.md")
EXPORT = ROOT / "tests" / "data" / "cycling" / "neware_empa_nw4-120-6-1-36.ndax"
needs_fastnda = pytest.mark.skipif(
    find_spec("fastnda") is None, reason="fastnda is not installed: dependency group formats"
)
FOLDED = TEXT.replace("`", "").lower()


@pytest.mark.parametrize("name", [each.name for each in FORMATS if each.holds_readings])
def test_every_format_is_in_the_table(name):
    maker, _, kind = name.lower().partition(" ")
    assert re.search(rf"^\| {maker}\S* [^|]*{kind.split()[-1]}", FOLDED, re.M)


def test_the_bench_file_of_the_page():
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.M | re.S)
    described = YAML(typ="safe", pure=True).load(block)
    cycler = Bench.model_validate({"name": "demo", "visa": "@py", "instruments": {}, **described}).file_cycler("neware")
    assert (cycler.protocol, str(cycler.protocols)) == ("neware-xml", "/mnt/neware/protocols")
    fields = {field.alias or name for name, field in FileCycler.model_fields.items()}
    assert fields <= set(re.findall(r"`([a-z_]+)`", TEXT.split("## Let a trial wait")[1]))


@needs_fastnda
def test_the_example_prints_what_the_page_shows(monkeypatch):
    monkeypatch.chdir(ROOT)
    command, shown = re.findall(r"^```\n(.*?)^```$", TEXT, re.M | re.S)[:2]
    assert command_line(*command.split()[1:]).stdout == shown


def test_the_options_of_the_page_exist():
    known = set(re.findall(r"--[a-z][a-z-]+", command_line("import", "--help").stdout)) | {"--extra"}
    assert set(re.findall(r"--[a-z][a-z-]+", TEXT)) <= known


@needs_fastnda
def test_a_file_of_the_reader_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXPORT, "cell_7.ndax")
    typed(PAGE.block("galvanaut import cell_7.ndax"))
    (record,) = Path("lab/records/formation").glob("*.bdf.parquet")
    assert record.name == "commercial_cell_009.bdf.parquet"


@needs_fastnda
async def test_the_job_of_the_page_takes_an_export(tmp_path):
    """With another folder of exports in the bench file of the page, and the cell whose name stands in the file."""
    exports = tmp_path / "exports"
    exports.mkdir()
    shutil.copy(EXPORT.with_name("bdf_filetype14-0.ndax"), exports / "run_commercial_cell_001.ndax")
    described = YAML(typ="safe", pure=True).load(PAGE.block("file_cyclers:").text)
    described["file_cyclers"]["neware"]["folder"] = str(exports)
    bench = Bench.model_validate({"name": "demo", "visa": "simulated", "instruments": {}, **described})
    clock = VirtualClock(1.6e9)
    journal = Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), clock)
    station = Station(SimpleNamespace(bench=bench, is_simulated=True), journal, clock)
    names = {"station": station, "key": JobKey("demo", 1, "formation"), "lab": tmp_path}
    text = PAGE.block("await station.run").text
    assert 'cell="cell_7"' in text
    text = text.replace('cell="cell_7"', 'cell="commercial_cell_001"')
    code = compile(text, "page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with at_work(clock):
        await eval(code, names)
    assert (names["record"]["record"], names["record"]["rows"]) == ("cell_7-formation.bdf.parquet", 67)
    assert (tmp_path / "records" / "demo" / "cell_7-formation.bdf.parquet").exists()
