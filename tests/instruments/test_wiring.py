"""Wiring: chambers that house several things, and thermometers whose places are on the bench."""

import copy

import pytest

from galvanaut.core.errors import InputError
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import bench_table

LIMITS = {"minimum": "-20 degC", "maximum": "60 degC", "low_limit": "-25 degC", "high_limit": "65 degC"}
TREE = {
    "name": "cells",
    "visa": "simulated",
    "vessels": {"flow": {"capacity": "0.3 mL"}},
    "holders": {"cell_1": {}, "cell_2": {}},
    "instruments": {
        "oven": {
            "driver": "espec-p300",
            "resource": "ASRL1::INSTR",
            "wiring": {"houses": ["cell_1", "cell_2", "flow"]},
            "settings": LIMITS,
        },
        "watch": {
            "driver": "keithley-daq6510",
            "resource": "ASRL2::INSTR",
            "wiring": {},
            "settings": {
                "temperatures": {"cell_1": 101, "flow": 102, "oven": 103, "room": 104},
                "voltages": {"cell_2": 111},
            },
        },
    },
}


@pytest.fixture
def tree():
    return copy.deepcopy(TREE)


def problem(tree):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # pydantic's own; the text is looked at
        Bench.model_validate(tree)
    errors = caught.value.errors()
    assert len(errors) == 1
    return ".".join(map(str, errors[0]["loc"])), errors[0]["msg"]


def test_a_chamber_houses_several_things(tree):
    bench = Bench.model_validate(tree)
    assert [bench.chamber_housing(place) for place in ("cell_1", "cell_2", "flow")] == ["oven"] * 3
    assert bench.instruments["oven"].wiring.housed == ("cell_1", "cell_2", "flow")
    assert bench_table(bench)[0].wiring == "houses cell_1, cell_2, flow"


def test_or_one_thing(tree):
    tree["instruments"]["oven"]["wiring"]["houses"] = "cell_2"
    bench = Bench.model_validate(tree)
    assert bench.chamber_housing("cell_2") == "oven"
    assert bench.model_dump(mode="json", exclude_none=True)["instruments"]["oven"]["wiring"] == {"houses": "cell_2"}
    with pytest.raises(InputError, match="has no chamber that houses flow"):
        bench.chamber_housing("flow")


@pytest.mark.parametrize(
    ("houses", "words"),
    [
        (["cell_1", "cell_3"], "'cell_3' is not a vessel or holder of this bench; known are flow, cell_1, cell_2"),
        (["cell_1", "cell_1"], "names cell_1 more than once"),
    ],
)
def test_what_a_chamber_houses_is_on_the_bench(tree, houses, words):
    tree["instruments"]["oven"]["wiring"]["houses"] = houses
    assert problem(tree) == ("instruments.oven.wiring.houses", words)


def test_a_chamber_houses_something(tree):
    tree["instruments"]["oven"]["wiring"]["houses"] = []
    with pytest.raises(ValueError, match="at least 1 item"):
        Bench.model_validate(tree)
    tree["instruments"]["oven"]["wiring"] = {}
    assert problem(tree) == ("instruments.oven.wiring", "a chamber needs houses; houses is missing")


@pytest.mark.parametrize(
    ("setting", "place", "words"),
    [
        (
            "temperatures",
            "cel_1",
            "'cel_1' is no holder, vessel or chamber of this bench, nor 'room'; known are cell_1,",
        ),
        ("temperatures", "watch", "'watch' is no holder"),
        ("voltages", "flow", "'flow' is no holder; known are cell_1, cell_2"),
        ("voltages", "room", "'room' is no holder"),
    ],
)
def test_a_thermometer_watches_what_is_on_the_bench(tree, setting, place, words):
    tree["instruments"]["watch"]["settings"][setting] = {place: 120}
    where, text = problem(tree)
    assert where == f"instruments.watch.settings.{setting}"
    assert text.startswith(words)
