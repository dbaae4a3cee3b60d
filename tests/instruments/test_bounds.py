"""What a source meter may do to its cell: nothing is confirmed by halves, and no wrong answer switches an output on."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from galvanaut.instruments.bounds import Bounds, Operation
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import InstrumentError, RefusedError

ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "5 mA",
        "maximum_discharge_current": "10 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "30 h",
    }
)
IN_FORCE = {
    ":OUTP?": "0",
    ":SOUR:FUNC?": "VOLT",
    ":OUTP:VOLT:SMOD?": "HIMP",
    ":OUTP:CURR:SMOD?": "HIMP",
    ":SOUR:VOLT:PROT?": "PROT5",
    ":SENS:CURR:RSEN?": "1",
    ":SOUR:VOLT:READ:BACK?": "1",
    ":SOUR:VOLT?": "4.2",
    ":SOUR:VOLT:ILIM?": "0.001",
    ":SOUR:VOLT:PROT:TRIP?": "0",
}
WRONG = ["0", "1", "CURR", "NORM", "ZERO", "PROT10", "NONE", "4.3", "4.2009", "0.002", "-1", "9.91E37", "nan", ""]


@pytest.fixture
def bounds(wire):
    return Bounds(wire([]).link("keithley-2450"))


@given(voltage_V=st.floats(), current_A=st.floats())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(voltage_V=4.2, current_A=0.005)
@example(voltage_V=4.2, current_A=0.0050001)
@example(voltage_V=2.5, current_A=5e-324)
def test_only_what_suits_both_directions_is_inside(bounds, voltage_V, current_A):
    bounds.accept(ENVELOPE)
    inside = 2.5 <= voltage_V <= 4.2 and 0 < current_A <= 0.005
    try:
        bounds.require_inside(Operation(voltage_V, current_A))
    except RefusedError:
        assert not inside
    else:
        assert inside


def test_a_disagreement_forgets_everything(bounds):
    bounds.accept(ENVELOPE)
    bounds.confirm(Operation(4.2, 0.001))
    bounds.compare("watchdog", True, True)
    bounds.compare_number("voltage", "V", 4.2, 4.2004, 0.0005)
    assert bounds.operation == (4.2, 0.001)
    with pytest.raises(
        InstrumentError, match=r"subject \(Keithley 2450 .*voltage should be 4.2 V but reads back 4.3 V"
    ):
        bounds.compare_number("voltage", "V", 4.2, 4.3, 0.0005)
    with pytest.raises(RefusedError, match="set_limits comes first"):
        _ = bounds.envelope
    with pytest.raises(RefusedError, match="configure comes first"):
        _ = bounds.operation


def test_a_number_that_is_none_never_agrees(bounds):
    with pytest.raises(InstrumentError, match="reads back nan V"):
        bounds.compare_number("voltage", "V", 4.2, float("nan"), 1)


class OneWrongAnswer:
    """A SourceMeter's link on which every query is answered as if all were in force, but one."""

    instrument, model, address = "subject", "Keithley 2450", "ASRL1::INSTR"

    def __init__(self, link, query, reply):
        self.error = link.error
        self.replies = dict(IN_FORCE)
        self.query_spoilt, self.reply = query, reply
        self.sent = []

    def query(self, command, timeout_s=None):
        self.sent.append(command)
        return '0,"No error"' if command.endswith(":SYST:ERR?") else self.replies[command]

    def spoil(self):
        self.replies[self.query_spoilt] = self.reply


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.sampled_from([name for name in IN_FORCE if name != ":OUTP?"]), reply=st.sampled_from(WRONG))
def test_no_wrong_answer_switches_the_output_on(wire, query, reply):
    subject = wire([]).driver("keithley-2450")
    subject.link = link = OneWrongAnswer(subject.link, query, reply)
    subject.set_limits(ENVELOPE)
    subject.configure(4.2, 0.001)
    link.spoil()
    if reply == IN_FORCE[query]:
        return
    with pytest.raises(InstrumentError):
        subject.output(True)
    assert not [command for command in link.sent if command.startswith(":OUTP ON")]
