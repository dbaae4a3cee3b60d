"""A source meter in Python, on a cell that is a capacitor behind a resistor; what fails is scripted."""

from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.errors import InstrumentError, NoReplyError, RefusedError
from galvanaut.instruments.readings import Identity, Reading


class FakeMeter:
    """Plays the role of a `SourceMeter`.

    Attributes:
        failures: per method, what its next calls raise; None lets one call through.
        log: every operation and switch that the meter carried out.
        stuck: the relay does not open: the last operation stays at the cell.
    """

    def __init__(self, clock, soc_V=3.6, farad=20.0, ohm=10.0):
        self.clock, self.rest_V, self.farad, self.ohm = clock, soc_V, farad, ohm
        self.failures = {}
        self.log = []
        self.stuck = False
        self.tripped = []
        self.has_cell = True
        self.envelope = None
        self.operation = None
        self.on = False
        self.offset_V = 0.0
        self._seen_s = clock.now()

    def __str__(self):
        return "meter"

    def _may_fail(self, name):
        queue = self.failures.get(name)
        if queue:
            error = queue.pop(0)
            if error is not None:
                raise error

    def pass_time(self, seconds):
        """The cell lives on at what drives it."""
        for _ in range(max(1, int(seconds))):
            self.rest_V += self.current_A() * (seconds / max(1, int(seconds))) / self.farad
        self.clock.at_s += seconds

    def drives(self):
        return self.operation is not None and ((self.on and not self.tripped) or self.stuck)

    def current_A(self):
        if not self.drives() or not self.has_cell:
            return 0.0
        free_A = (self.operation.voltage_V - self.rest_V) / self.ohm
        return max(-self.operation.current_A, min(self.operation.current_A, free_A))

    def identify(self):
        return Identity("fake", "meter")

    def set_up(self):
        pass

    def make_safe(self):
        self._may_fail("make_safe")
        self.output(False)
        self.envelope = None

    def set_limits(self, envelope):
        self._may_fail("set_limits")
        self.envelope = envelope

    def configure(self, voltage_V, current_A):
        self._may_fail("configure")
        if self.envelope is None or self.envelope.violations(voltage_V=voltage_V, current_A=current_A):
            raise RefusedError("outside", instrument="meter")
        self.operation = Operation(voltage_V, current_A)
        self.log.append(self.operation)

    def configured(self):
        self._may_fail("configured")
        return self.operation

    def output(self, on):
        self._may_fail("output")
        self.on = on
        self.log.append("on" if on else "off")

    def is_on(self):
        self._may_fail("is_on")
        return self.on

    def measure(self):
        self._may_fail("measure")
        if not self.drives():
            return Reading(0.0, 0.0, self.clock.now())
        current_A = self.current_A()
        noise_V = 1e-7 * (self.clock.now() % 97)
        volts = self.rest_V + current_A * self.ohm if self.has_cell else self.operation.voltage_V
        return Reading(volts + noise_V + self.offset_V, current_A, self.clock.now())

    def is_clamping(self):
        return abs(self.current_A()) >= self.operation.current_A

    def is_overvoltage(self):
        return False

    def forget_silence(self):
        if self.tripped == ["coupled protection or watchdog"]:
            self.on, self.tripped = False, []

    def protections(self):
        self._may_fail("protections")
        return list(self.tripped)


class FakeClock:
    def __init__(self, at_s=1000.0):
        self.at_s = at_s

    def now(self):
        return self.at_s


def silence():
    return NoReplyError("no reply within 5 s", instrument="meter")


def refusal():
    return InstrumentError("current limit reads back another", instrument="meter")
