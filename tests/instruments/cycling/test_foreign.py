"""A plan in the words of other people's cyclers says what the plan says; what it cannot say is refused or told."""

import json
import logging
from xml.etree import ElementTree

import pytest
from aurora_unicycler import CyclingProtocol

from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.cycling.foreign import SUFFIXES, foreign_protocol

TARGETS = tuple(SUFFIXES)
REST = {"step": "open_circuit_voltage", "until_time_s": 60}
CHARGE = {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.2}
HOLD = {"step": "constant_voltage", "voltage_V": 4.2, "until_rate_C": "C/20", "until_time_s": 3600}
DISCHARGE = {"step": "constant_current", "current_mA": -1.5, "until_voltage_V": 2.8, "until_time_s": 7200}
TAG = {"step": "tag", "tag": "again"}
LOOP = {"step": "loop", "loop_to": "again", "cycle_count": 3}
METHOD = (REST, TAG, CHARGE, HOLD, DISCHARGE, LOOP)
"""The tag is no step of its own elsewhere: the loop goes back to the second step, counted from 1."""
IMPEDANCE = {
    "step": "impedance_spectroscopy",
    "amplitude_V": 0.01,
    "start_frequency_Hz": 1e5,
    "end_frequency_Hz": 0.01,
}
SAFETY = {"max_voltage_V": 4.25, "max_current_mA": 5, "min_current_mA": -5, "max_capacity_mAh": 6}


def plan(*method, protocol=None, **more):
    tree = {"record": {"time_s": 60}, "method": list(method), **(protocol or {})}
    return plans.TestPlan.model_validate({"protocol": tree, **({"nominal_capacity": "4 mAh"} | more)})


def text(target, *method, **more):
    encoding = "cp1252" if target == "biologic" else "utf-8"
    return foreign_protocol(plan(*(method or METHOD), **more), target, name="cell 7").content.decode(encoding)


def unsaid(target, *method, **more):
    found = foreign_protocol(plan(*(method or METHOD), **more), target, name="cell 7").unsaid
    return {problem.where: problem.message for problem in found}


def problems(target, *method, **more):
    with pytest.raises(InputError) as caught:
        foreign_protocol(plan(*method, **more), target, name="cell 7", source="my.yaml")
    assert str(caught.value).startswith("my.yaml: ")
    return {problem.where: problem.message for problem in caught.value.problems}


def neware(*method, **more):
    """Attributes of each step and of its limits."""
    root = ElementTree.fromstring(text("neware", *method, **more))
    steps = root.find("config/Step_Info")
    return root, [
        (step.get("Step_Type"), {limit.tag: float(limit.get("Value")) for limit in step.iterfind("Limit/*/*")})
        for step in steps
    ]


def test_neware_counts_in_tenths_of_millivolts_and_milliseconds():
    root, steps = neware(protocol={"safety": SAFETY})
    charging, discharging, resting, holding, looping, end = "1", "2", "4", "3", "5", "6"
    assert steps == [
        (resting, {"Time": 60_000}),
        (charging, {"Rate": 0.5, "Curr": 2.0, "Stop_Volt": 42_000}),
        (
            holding,
            {"Volt": 42_000, "Time": 3_600_000, "Stop_Rate": 0.05, "Stop_Curr": 0.2, "Rate": 0.5, "Curr": 2.0},
        ),
        (discharging, {"Curr": 1.5, "Time": 7_200_000, "Stop_Volt": 28_000}),
        (looping, {"Start_Step": 2, "Cycle_Count": 3}),
        (end, {}),
    ]
    protect = {limit.tag: float(limit.get("Value")) for limit in root.iterfind("config/Whole_Prt/Protect/Main/Volt/*")}
    assert protect == {"Upper": 42_500}
    assert root.find("config/Head_Info/Remark").get("Value") == "cell 7"


def biologic(*method, **more):
    """The columns of the table, one per step."""
    lines = text("biologic", *method, **more).split("\r\n")
    table = [line for line in lines[lines.index("Modulo Bat") + 1 :] if line]
    rows = {line[:20].strip(): [line[n : n + 20].strip() for n in range(20, len(line), 20)] for line in table}
    return lines, [dict(zip(rows, column, strict=True)) for column in zip(*rows.values(), strict=True)]


def test_biologic_counts_steps_from_0_and_repeats_one_time_less():
    lines, (rest, charge, hold, discharge, loop) = biologic(protocol={"safety": SAFETY})
    assert (rest["ctrl_type"], rest["lim1_value"], rest["rec1_value"]) == ("Rest", "60.000", "60.000")
    assert (charge["ctrl_type"], charge["ctrl1_val"], charge["ctrl1_val_unit"]) == ("CC", "2.000", "mA")
    assert (charge["lim1_type"], charge["lim1_comp"], charge["lim1_value"]) == ("Ewe", ">", "4.200")
    assert (hold["ctrl_type"], hold["ctrl1_val"]) == ("CV", "4.200")
    assert (hold["lim1_value"], hold["lim2_type"], hold["lim2_comp"], hold["lim2_value"]) == (
        "3600.000",
        "|I|",
        "<",
        "0.200",
    )
    assert (discharge["ctrl1_val"], discharge["lim2_comp"], discharge["lim2_value"]) == ("-1.500", "<", "2.800")
    assert (loop["ctrl_type"], loop["ctrl_seq"], loop["ctrl_repeat"]) == ("Loop", "1", "2")
    assert {"\tEwe max = 4.25000 V", "\t|I| = 5.00000 mA", "Battery capacity : 4.000 mA.h"} <= set(lines)


def test_biologic_measures_impedance():
    _, (_, step) = biologic(REST, IMPEDANCE)
    assert (step["ctrl_type"], step["ctrl1_val"], step["ctrl1_val_unit"]) == ("PEIS", "10.000", "mV")
    assert (step["ctrl2_val"], step["ctrl2_val_unit"]) == ("100.000", "kHz")
    assert (step["ctrl3_val"], step["ctrl3_val_unit"]) == ("10.000", "mHz")


def test_tomato_has_c_rates_as_text_and_currents_in_amperes():
    tree = json.loads(text("tomato"))
    rest, charge, hold, discharge, loop = tree["method"]
    assert tree["sample"] == {"name": "cell 7", "capacity_mAh": 4.0}
    assert (rest["time"], rest["measure_every_dt"]) == (60, 60)
    assert (charge["current"], charge["limit_voltage_max"]) == ("0.5C", 4.2)
    assert (hold["voltage"], hold["limit_current_min"], hold["time"]) == (4.2, "0.05C", 3600)
    assert (discharge["current"], discharge["limit_voltage_min"]) == (-0.0015, 2.8)
    assert (loop["goto"], loop["n_gotos"]) == (1, 2)


def test_pybamm_gets_its_strings_with_every_loop_followed():
    strings = json.loads(text("pybamm"))
    cycle = [
        "Charge at 0.5C until 4.2 V",
        "Hold at 4.2 V for 1 hour or until 0.05C",
        "Discharge at 1.5 mA for 2 hours or until 2.8 V",
    ]
    assert strings == ["Rest for 60.0 seconds", *cycle * 3]


def test_unicycler_reads_the_same_protocol_back():
    back = CyclingProtocol.model_validate_json(text("unicycler", *METHOD, protocol={"safety": SAFETY}))
    asked = plan(*METHOD, protocol={"safety": SAFETY}).protocol
    assert (back.method, back.record, back.safety) == (asked.method, asked.record, asked.safety)
    assert (back.sample.name, back.sample.capacity_mAh) == ("cell 7", 4.0)


@pytest.mark.parametrize("target", TARGETS)
def test_zero_is_not_set_and_a_c_rate_comes_first_for_everybody(target):
    """As they are, Neware's exporter makes 0 mA of the first, and PyBaMM's ends a hold at whichever comes first."""
    odd = {"step": "constant_current", "rate_C": 0, "current_mA": 2, "until_voltage_V": 4.2, "until_time_s": 0}
    plain = {"step": "constant_current", "current_mA": 2, "until_voltage_V": 4.2}
    both = HOLD | {"until_current_mA": 0.1}
    found = [text(target, *method).splitlines() for method in ((REST, odd, both), (REST, plain, HOLD))]
    differing = [pair for pair in zip(*found, strict=True) if pair[0] != pair[1]]
    assert all("Guid" in one for one, _ in differing)


def test_a_hold_has_the_direction_of_the_current_before_it():
    down = {"step": "constant_voltage", "voltage_V": 2.8, "until_rate_C": "C/20"}
    _, steps = neware(DISCHARGE, TAG, down, REST, {**LOOP, "cycle_count": 2})
    assert (steps[1][0], steps[1][1]["Stop_Curr"]) == ("19", 0.2)
    tomato = json.loads(text("tomato", DISCHARGE, down))["method"]
    assert tomato[1]["limit_current_max"] == "0.05D"
    assert json.loads(text("pybamm", DISCHARGE, down))[1] == "Hold at 2.8 V until 0.05C"


def test_a_hold_that_neware_would_take_for_a_charge_is_refused():
    down = {"step": "constant_voltage", "voltage_V": 2.8, "until_time_s": 60}
    assert "gives no last current" in problems("neware", DISCHARGE, down)["protocol.method.1"]
    assert text("biologic", DISCHARGE, down)
    assert text("neware", CHARGE, {"step": "constant_voltage", "voltage_V": 4.2, "until_time_s": 60})


@pytest.mark.parametrize("target", ["neware", "biologic", "tomato"])
def test_a_c_rate_without_a_capacity_is_refused_with_the_way_out(target):
    found = problems(target, *METHOD, nominal_capacity=None)
    assert list(found) == ["protocol.method.2.rate_C"]
    assert "--capacity" in found["protocol.method.2.rate_C"]
    given = foreign_protocol(plan(*METHOD, nominal_capacity=None), target, name="x", capacity_Ah=0.003)
    assert given.content


@pytest.mark.parametrize("target", ["pybamm", "unicycler"])
def test_who_keeps_c_rates_needs_no_capacity(target):
    assert "0.5" in text(target, *METHOD, nominal_capacity=None)


def test_a_capacity_that_is_given_comes_before_that_of_the_plan():
    given = foreign_protocol(plan(*METHOD), "neware", name="x", capacity_Ah=0.01).content
    assert b'<Curr Value="5.000000"/>' in given


@pytest.mark.parametrize(
    ("target", "step", "where", "words"),
    [
        ("neware", IMPEDANCE, "protocol.method.1.step", "impedance spectroscopy has no counterpart"),
        ("tomato", IMPEDANCE, "protocol.method.1.step", "choose another target"),
        ("pybamm", IMPEDANCE, "protocol.method.1.step", "for pybamm"),
        ("biologic", IMPEDANCE | {"end_frequency_Hz": 1e-4}, "protocol.method.1", "0.0001 Hz is below"),
        ("biologic", HOLD | {"until_rate_C": 1e-4}, "protocol.method.1", "0.0004 mA, which EC-Lab's file rounds"),
        ("biologic", CHARGE | {"until_voltage_V": 5.5}, "protocol.method.1", "outside of range"),
        ("biologic", DISCHARGE | {"current_mA": -2000}, "protocol.method.1", "I range not supported"),
        ("tomato", DISCHARGE | {"current_mA": -12}, "protocol.method.1", "-12 mA is more than the range of 10 mA"),
        ("tomato", CHARGE | {"rate_C": 4}, "protocol.method.1", "16 mA is more than"),
        ("tomato", CHARGE | {"until_voltage_V": 5.5}, "protocol.method.1.until_voltage_V", "5.5 V is more than"),
        (
            "tomato",
            HOLD | {"until_rate_C": None, "until_current_mA": 0.2},
            "protocol.method.1.until_current_mA",
            "give until_rate_C",
        ),
        ("neware", CHARGE | {"until_voltage_V": 0, "until_time_s": 60}, "protocol.method.1.until_voltage_V", "0 V"),
        ("unicycler", HOLD | {"voltage_V": 0}, "protocol.method.1.voltage_V", "0 V counts as not set"),
        ("pybamm", CHARGE | {"until_time_s": -5}, "protocol.method.1.until_time_s", "-5 s is not a time above zero"),
    ],
)
def test_what_would_be_another_protocol_is_refused_with_its_place(target, step, where, words):
    found = problems(target, REST, step)
    assert list(found) == [where]
    assert words in found[where]


@pytest.mark.parametrize("target", ["neware", "biologic", "tomato", "pybamm"])
def test_an_error_of_the_method_as_a_whole_is_named_too(target):
    crossed = (REST, REST, REST, {"step": "loop", "loop_to": 1, "cycle_count": 2}, REST)
    found = problems(target, *crossed, {"step": "loop", "loop_to": 2, "cycle_count": 2})
    assert "intersecting loops" in found["protocol.method"]


def test_more_steps_than_pybamm_is_given_are_refused():
    assert "10000" in problems("pybamm", TAG, REST, {**LOOP, "cycle_count": 20_000})["protocol.method"]


def test_a_name_that_ec_lab_cannot_read_is_refused():
    with pytest.raises(InputError, match=r"protocol\.sample\.name: .*EC-Lab cannot read"):
        foreign_protocol(plan(REST), "biologic", name="電池")
    assert foreign_protocol(plan(REST), "neware", name="電池").content


def test_a_protocol_keeps_the_name_it_has():
    assert json.loads(text("unicycler", REST, protocol={"sample": {"name": "own"}}))["sample"]["name"] == "own"


@pytest.mark.parametrize("target", TARGETS)
def test_what_stands_beside_the_protocol_is_told(target):
    envelope = {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "5 mA",
        "maximum_discharge_current": "5 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "30 h",
    }
    found = unsaid(target, temperature="30 degC", envelope=envelope, after_interruption="continue")
    assert found["temperature"] == "30 degC is not in the file"
    assert found["envelope"] == "its values are not in the file"
    assert found["after_interruption"] == "continue is not in the file"
    assert "poll_period" not in found
    assert set(unsaid(target, REST)) <= {"protocol.record"}


def test_safety_that_is_lost_is_told():
    protocol = {"safety": SAFETY}
    assert unsaid("neware", REST, protocol=protocol) == unsaid("unicycler", REST, protocol=protocol) == {}
    assert unsaid("biologic", REST, protocol=protocol) == {"protocol.safety": "not in the file: max_capacity_mAh 6"}
    for target in ("tomato", "pybamm"):
        told = unsaid(target, REST, protocol=protocol)["protocol.safety"]
        assert told.startswith("not in the file: max_voltage_V 4.25, max_current_mA 5, min_current_mA -5, max_cap")


def test_a_hold_of_its_own_has_no_largest_current_elsewhere():
    for target in ("neware", "biologic", "tomato", "pybamm"):
        assert "largest current" in unsaid(target, REST, HOLD)["protocol.method.1"]
        assert "protocol.method.3" not in unsaid(target)
    assert unsaid("unicycler", REST, HOLD) == {}


def test_pybamm_has_a_capacity_and_a_longest_time_of_its_own():
    found = unsaid("pybamm")
    assert "its parameters" in found["nominal_capacity"]
    assert "24 h" in found["protocol.method"]
    assert set(unsaid("pybamm", DISCHARGE)) == {"protocol.record"}


def test_what_unicycler_logs_is_told_and_not_printed(caplog):
    lopsided = {"safety": {"max_current_mA": 8, "min_current_mA": -2, "delay_s": 5}}
    asked = plan(REST, protocol=lopsided)
    with caplog.at_level(logging.WARNING):
        found = [problem.message for problem in foreign_protocol(asked, "biologic", name="x").unsaid]
    assert any("Using 8.0 mA as the absolute limit" in message for message in found)
    assert any("5000 ms will be capped" in message for message in found)
    assert caplog.records == []


def test_the_plan_is_left_as_it_was():
    asked = plan(*METHOD)
    before = asked.as_json()
    for target in TARGETS:
        foreign_protocol(asked, target, name="x", capacity_Ah=0.003)
    assert asked.as_json() == before
