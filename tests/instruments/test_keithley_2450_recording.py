"""The SourceMeter recording by itself, byte by byte from its command table."""

import pytest

from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.roles import RecordingSourceMeter

RESOURCE = "TCPIP::192.0.2.20::5025::SOCKET"
OK = '0,"No error;0;0 0"'
READ = ':READ? "defbuffer1",SOUR,READ,REL'
OFF = (":OUTP?", "0")


@pytest.fixture
def meter(wire):
    def scripted(*pairs, **settings):
        script = [(sent.encode() + b"\n", reply.encode() + b"\n") for sent, reply in pairs]
        return wire(script).driver("keithley-2450", RESOURCE, **settings)

    return scripted


def setting(command):
    return f"{command};:SYST:ERR?", OK


STATE = ":TRIG:STAT?"
STOP = setting(":ABOR")
CLEAR = (setting(':TRAC:POIN 100000,"defbuffer1"'), setting(':TRAC:CLE "defbuffer1"'))
MODEL = (
    setting(':TRIG:LOAD "Empty"'),
    setting(':TRIG:BLOC:BUFF:CLE 1,"defbuffer1"'),
    setting(':TRIG:BLOC:MEAS 2,"defbuffer1"'),
    setting(":TRIG:BLOC:DEL:CONS 3,59.98"),
    setting(":TRIG:BLOC:BRAN:ALW 4,2"),
    setting(":INIT"),
)


def test_it_records_by_itself(meter):
    one: RecordingSourceMeter = meter(STOP, *CLEAR, *MODEL, (STATE, "RUNNING;RUNNING;2"), records=True)
    one.record(60.0)


def test_the_wait_makes_up_for_the_time_of_a_reading(meter):
    model = [setting(":TRIG:BLOC:DEL:CONS 3,0.8") if "DEL" in pair[0] else pair for pair in MODEL]
    meter(STOP, *CLEAR, *model, (STATE, "RUNNING;RUNNING;1"), records=True, integration_cycles=10).record(1.0)


@pytest.mark.parametrize("period_s", [0.02, 0.0, -1.0, 10_001.0, float("nan")])
def test_a_period_that_it_cannot_keep_is_not_sent(meter, period_s):
    with pytest.raises(RefusedError, match=r"cannot record every .* nothing was sent"):
        meter(records=True).record(period_s)


def test_a_recording_that_does_not_run_is_an_error(meter):
    one = meter(STOP, *CLEAR, *MODEL, (STATE, "FAILED;FAILED;2"), records=True)
    with pytest.raises(InstrumentError, match="does not record although it was started"):
        one.record(60.0)


@pytest.mark.parametrize(
    ("reply", "runs"),
    [("RUNNING;RUNNING;2", True), ("WAITING;WAITING;3", True), ("IDLE;IDLE;0", False), ("ABORTED;ABORTED;3", False)],
)
def test_whether_it_records(meter, reply, runs):
    assert meter((STATE, reply)).is_recording() is runs


@pytest.mark.parametrize("reply", ["", "1", "RUN;RUN;2", "noise"])
def test_what_is_no_state_is_not_taken_for_one(meter, reply):
    with pytest.raises(BadReadingError, match="expected a state of the trigger model"):
        meter((STATE, reply)).is_recording()


def test_new_readings_take_two_messages(meter):
    rows = "3.7,1E-3,60,3.71,1E-3,120"
    one = meter((':TRAC:ACT? "defbuffer1"', "3"), (':TRAC:DATA? 2,3,"defbuffer1",SOUR,READ,REL', rows), records=True)
    assert one.recorded(1).tolist() == [[3.7, 1e-3, 60], [3.71, 1e-3, 120]]


def test_while_it_records_a_measurement_is_its_newest_reading_once(meter):
    newest = (':FETC? "defbuffer1",SOUR,READ,REL', "3.7,0.001,60")
    running = (STATE, "RUNNING;RUNNING;3")
    one = meter(running, newest, running, newest, (STATE, "IDLE;IDLE;0"), (READ, "3.8,0.001,65"), records=True)
    assert one.measure() == (3.7, 0.001, 60)
    with pytest.raises(RefusedError, match="records by itself and has no newer reading yet"):
        one.measure()
    assert one.measure() == (3.8, 0.001, 65)


def test_making_safe_ends_a_recording_after_the_output(meter):
    meter(setting(":OUTP:SMOD HIMP"), setting(":OUTP OFF"), OFF, STOP, records=True).make_safe()


def test_what_it_is_set_to(meter):
    assert meter((":SOUR:VOLT?", "4.200000E+00"), (":SOUR:VOLT:ILIM?", "2.250000E-03")).configured() == (4.2, 2.25e-3)


def test_it_records_only_if_the_bench_file_says_so(meter):
    one = meter()
    assert not one.capabilities(one.settings).records
    one = meter(records=True)
    assert one.capabilities(one.settings).recording_max_s == 10_000
