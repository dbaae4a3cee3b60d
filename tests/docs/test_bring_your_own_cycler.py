"""The page about other people's cyclers: its table of formats, its bench file and its example are true."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from galvanaut.instruments.bench import Bench
from galvanaut.instruments.filecycler import FileCycler
from galvanaut.instruments.vendorfiles import FORMATS
from smalllab import ROOT, command_line

TEXT = (Path(ROOT) / "docs" / "how-to" / "bring-your-own-cycler.md").read_text(encoding="utf-8")
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


@pytest.mark.skipif(find_spec("fastnda") is None, reason="fastnda is not installed: dependency group formats")
def test_the_example_prints_what_the_page_shows(monkeypatch):
    monkeypatch.chdir(ROOT)
    command, shown = re.findall(r"^```\n(.*?)^```$", TEXT, re.M | re.S)[:2]
    assert command_line(*command.split()[1:]).stdout == shown


def test_the_options_of_the_page_exist():
    known = set(re.findall(r"--[a-z][a-z-]+", command_line("import", "--help").stdout)) | {"--extra"}
    assert set(re.findall(r"--[a-z][a-z-]+", TEXT)) <= known
