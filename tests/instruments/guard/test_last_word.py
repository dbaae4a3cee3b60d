"""A call that hung and goes on after its instrument was made safe must not switch anything on again."""

import re
from contextlib import ExitStack
from threading import Event, Thread

import pytest

from contractlab import ContractLab
from cyclinglab import DESCRIPTION
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import RefusedError
from hostlab import ENVELOPE

METERS = (("smu", "left"), ("analyzer", "right"))


class Hanging:
    """Holds up a thread before its ``number``-th question to a meter, until it is let go."""

    def __init__(self, link, number, monkeypatch):
        self.left, self.hangs, self.go_on = number, Event(), Event()
        self.query = link.query
        monkeypatch.setattr(link, "query", self)

    def __call__(self, command, *timeout_s):
        self.left -= 1
        if self.left == 0:
            self.hangs.set()
            assert self.go_on.wait(10)
        return self.query(command, *timeout_s)


@pytest.fixture
def lab(tmp_path):
    with ExitStack() as stack:
        yield ContractLab(DESCRIPTION, tmp_path / "world.db", "in-process", stack)


def switched_on(meter, errors):
    try:
        meter.output(True)
    except RefusedError as error:
        errors.append(str(error))


@pytest.mark.parametrize(("name", "holder"), METERS)
@pytest.mark.parametrize("message", [1, 4, 8])
@pytest.mark.parametrize("is_last", [False, True])
def test_switching_on_ends_off_wherever_it_hung(lab, name, holder, message, is_last, monkeypatch):
    meter, errors = lab.connected.source_meter(name), []
    meter.set_limits(Envelope.model_validate(ENVELOPE))
    meter.configure(4.0, 1e-3)
    hanging = Hanging(meter.link, message, monkeypatch)
    thread = Thread(target=switched_on, args=(meter, errors))
    thread.start()
    assert hanging.hangs.wait(10)
    lab.connected.make_safe([name], is_last=is_last)
    hanging.go_on.set()
    thread.join(10)
    word = "is being left" if is_last else "comes first|was made safe or set anew meanwhile"
    assert [re.search(word, error) is not None for error in errors] == [True]
    assert lab.world.world.holders.at(holder, lab.world.clock.now()).mode == "open"


def test_nothing_is_sent_to_what_is_left_but_by_who_makes_it_safe(lab):
    meter = lab.connected.source_meter("smu")
    lab.connected.make_safe(is_last=True)
    for act in (meter.set_up, meter.measure, lambda: meter.output(True), lambda: lab.connected.reopen("smu")):
        with pytest.raises(RefusedError):
            act()
    lab.connected.make_safe()
    lab.connected.close()
