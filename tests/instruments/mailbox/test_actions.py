"""A request that went through JSON makes the action that it came from, or is refused."""

import json
from pathlib import Path

import pytest

from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling.plan import load_plan
from galvanaut.instruments.jobs import (
    AssembleCell,
    AwaitRecord,
    CycleTest,
    Dose,
    Empty,
    MeasureImpedance,
    MeasureResistance,
    PutRight,
    PutUpBottles,
    Settle,
    Transfer,
    UnloadCell,
)
from galvanaut.instruments.mailbox.actions import Surroundings, action_of

PLANS = Path(__file__).parents[3] / "instruments" / "plans"
RECORDER = object()
AROUND = Surroundings(RECORDER, Path("lab/records"))
ACTIONS = [
    AssembleCell("c-1", "holder_01", "mixer", 0.05, "EC:EMC 3:7", "assembler"),
    AssembleCell("c-1", "holder_01", "mixer", 0.05, "EC:EMC 3:7"),
    AwaitRecord("neware", "c-1", "demo/0001/cycle/1", Path("lab/records/demo")),
    CycleTest("holder_01", load_plan(PLANS / "formation.yaml"), "c-1", RECORDER),
    CycleTest("holder_01", load_plan(PLANS / "ageing.yaml"), "c-1", RECORDER, 0.00391),
    Dose("EC", "LOT-1", "pump", "balance", "mixer", 1.25, 1.5, 7.3),
    Empty("pump", "balance", "mixer", "cell", 20.0),
    MeasureImpedance("lcr", "chamber", "cell", 5, 25.0, 0.1),
    MeasureResistance("tester", "holder_01", 3),
    PutRight("mixer could not be cleaned", "no reply", "empties it"),
    PutUpBottles({"EC": {"lot": "LOT-2", "available_mL": 2000.0, "density_g_mL": 1.2}}),
    Settle("chamber", 25.0, 0.1, 600.0),
    Transfer("pump", "balance", "mixer", "cell", 3.0, 3.1),
    UnloadCell(cell="c-1", holder="holder_01", assembler=None),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_a_request_makes_its_action_again(action):
    made = action_of(json.loads(json.dumps(action.request())), "demo", AROUND)
    assert (type(made), made.request()) == (type(action), action.request())
    assert getattr(made, "recorder", RECORDER) is RECORDER
    assert getattr(made, "records", AROUND.records / "demo") == AROUND.records / "demo"


@pytest.mark.parametrize(
    "request_",
    [
        {"kind": "fire"},
        {},
        {"kind": "settle", "chamber": "chamber"},
        {**Settle("chamber", 25.0, 0.1, 600.0).request(), "ramp": 1.0},
        {"kind": "cycle", "holder": "holder_01", "sample": "c-1", "plan": {"protocol": {}}},
    ],
)
def test_what_another_version_would_ask_for_is_refused(request_):
    with pytest.raises(
        InputError, match=f"(?s)request of kind {str(request_.get('kind'))!r}.*use one version everywhere"
    ):
        action_of(request_, "demo", AROUND)
