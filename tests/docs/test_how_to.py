"""The example in the page about drivers: its code is run as it stands there."""

import re
import sys
import tomllib
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import pyvisa
from ruamel.yaml import YAML

from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.drivers import registry
from galvanaut.instruments.replay import Replay
from galvanaut.instruments.roles import Chamber
from galvanaut.instruments.scan import questions
from galvanaut.instruments.transcript import Transcript
from galvanaut.instruments.wiring import WORDS

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-driver.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.M | re.S) for kind in ("python", "toml", "yaml")}


@pytest.fixture
def driver(monkeypatch):
    """The module of the page, installed as its entry point says."""
    module = types.ModuleType("acme_b12")
    monkeypatch.setitem(sys.modules, "acme_b12", module)
    exec(compile(BLOCKS["python"][0], "acme_b12.py", "exec"), vars(module))
    entries = tomllib.loads(BLOCKS["toml"][0])["project"]["entry-points"][registry.GROUP]
    points = {name: EntryPoint(name, value, registry.GROUP) for name, value in entries.items()}
    monkeypatch.setattr(registry, "_plugins", lambda: points)
    return module


def golden_tests():
    return re.findall(r"^def (test_\w+)", BLOCKS["python"][1], re.M)


@pytest.mark.parametrize("name", golden_tests())
def test_the_tests_of_the_page(driver, name):
    tests = {}
    exec(compile(BLOCKS["python"][1], "test_acme_b12.py", "exec"), tests)
    tests[name]()


def test_the_bench_of_the_page(driver):
    bench = Bench.model_validate(YAML(typ="safe", pure=True).load(BLOCKS["yaml"][0]) | {"armed": True})
    text = (
        "galvanaut transcript 1\ninstrument bath acme-b12 TCPIP::192.0.2.20::5025::SOCKET\n"
        "0.0 > bath *IDN?\\n\n0.1 < bath ACME,B12,1,2\\n\n0.2 > bath :TEMP:SET?\\n\n0.3 < bath 21\\n\n"
    )
    manager = pyvisa.ResourceManager(Replay.playing(Transcript.parse(text, "page")))
    connected = ConnectedBench.open(bench, manager, arm=True)
    assert connected.chamber("bath").setpoint_degC() == 21.0
    connected.close()


def test_the_driver_has_everything_that_its_role_asks_for(driver):
    methods = [name for name in dir(Chamber) if not name.startswith("_")]
    assert [name for name in methods if not callable(getattr(driver.AcmeB12, name, None))] == []
    assert "never run on hardware" in driver.__doc__.lower()


def test_a_scan_recognises_it(driver):
    idn = questions()[0]
    assert idn.recognised("ACME,B12,0815,1.2") == ("acme-b12",)


def test_the_page_knows_every_role():
    rows = re.findall(r"^\| `([a-z ]+)` \|", TEXT, re.M)
    assert set(rows) == set(WORDS)
