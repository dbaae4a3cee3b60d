"""A work order as a form: its fields, and that a filled one is read and refused like an answer on the command line."""

import pydantic
import pytest

from galvanaut.instruments.orders import Answer, Asked, Choice, Order

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own

MASS = Asked("mass", "mg", 0.0, 8000.0)
DOUBT = Order(
    "demo/0001/dose-DMC/1",
    "Settle a doubt",
    {"why": "the pump lost its power"},
    ("Look.",),
    choices=(Choice("moved", "It was moved", (MASS,)), Choice("nothing", "Nothing was moved")),
)
BUILD = Order("demo/0001/assemble/1", "Build it", {}, (), asks=(Asked("electrolyte", "mg", 16.0, 120.0),))
MOVED, NOTHING, NOT_DONE = "moved: It was moved", "nothing: Nothing was moved", "it could not be done"


def read(order, complaint="", **filled):
    from galvanaut.flows.orderform import Form

    form = Form(order)
    return form.answer(7.0, form.model(complaint)(**filled))


def test_what_prefect_is_shown():
    from galvanaut.flows.orderform import Form

    model = Form(DOUBT).model("'9 kg' is not plausible")
    fields = model.model_json_schema()["properties"]
    assert fields["answer"]["enum"] == [MOVED, NOTHING, NOT_DONE]
    assert fields["mass"]["description"] == "0 to 8000 mg, with its unit, for the answer moved"
    assert model._description.startswith(
        "**Your answer was not taken: '9 kg' is not plausible**\n\n### Settle a doubt\n"
    )
    assert "- **why**: the pump lost its power\n\n1. Look." in model._description


@pytest.mark.parametrize(
    ("order", "filled", "answer"),
    [
        (DOUBT, {"answer": MOVED, "mass": "3.9 g"}, Answer(7.0, {"mass": 3900.0}, choice="moved")),
        (DOUBT, {"answer": NOTHING, "mass": " "}, Answer(7.0, choice="nothing")),
        (DOUBT, {"answer": NOT_DONE, "reason": "locked "}, Answer(7.0, {}, "locked")),
        (BUILD, {"answer": "it is done", "electrolyte": "49 mg"}, Answer(7.0, {"electrolyte": 49.0})),
    ],
)
def test_what_makes_sense(order, filled, answer):
    assert read(order, **filled) == answer


@pytest.mark.parametrize(
    ("order", "filled", "words"),
    [
        (DOUBT, {"answer": MOVED}, "--mass is missing"),
        (DOUBT, {"answer": MOVED, "mass": "9 kg"}, "not plausible"),
        (DOUBT, {"answer": NOTHING, "mass": "3 g"}, "--mass was not asked for"),
        (DOUBT, {"answer": MOVED, "mass": "3 g", "reason": "locked"}, "a reason belongs to the answer"),
        (DOUBT, {"answer": NOT_DONE}, "--fail says nothing"),
        (DOUBT, {"answer": NOT_DONE, "mass": "3 g", "reason": "locked"}, "--fail stands alone"),
        (BUILD, {"answer": "it is done", "electrolyte": "49"}, "has no unit"),
    ],
)
def test_what_makes_none(order, filled, words):
    with pytest.raises(ValueError, match=words):
        read(order, **filled)


def test_an_answer_that_was_not_offered_is_refused_by_the_form_itself():
    with pytest.raises(pydantic.ValidationError):
        read(DOUBT, answer="again")
