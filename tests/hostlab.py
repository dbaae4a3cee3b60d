"""A cycler made of a source meter on a made-up cell, with everything that may go wrong within reach."""

from fakemeter import FakeClock, FakeMeter
from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling import HostCycler
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import NoReplyError
from galvanaut.instruments.roles import Cycler, SourceLimits

ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "10 mA",
        "maximum_discharge_current": "10 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "20 mAh",
        "maximum_time": "30 h",
    }
)
LIMITS = SourceLimits(0.0, 20.0, 1.05, 1e-9)
METHOD = [
    {"step": "open_circuit_voltage", "until_time_s": 60},
    {"step": "constant_current", "current_mA": 2, "until_voltage_V": 4.1},
    {"step": "constant_voltage", "voltage_V": 4.1, "until_current_mA": 0.2},
    {"step": "constant_current", "current_mA": -2, "until_voltage_V": 3.0},
]


def plan(method=METHOD):
    return plans.TestPlan.model_validate({"protocol": {"record": {"time_s": 10}, "method": method}})


class Lab:
    def __init__(self, limits=LIMITS, reopens=True, **cell):
        self.clock = FakeClock()
        self.meter = FakeMeter(self.clock, **cell)
        self.reopened = 0
        self.degC = 25.0
        self.reopens = reopens
        self.limits = limits
        self.one = self.cycler()
        self.run = None

    def cycler(self) -> Cycler:
        return HostCycler(
            self.meter,
            "clip",
            ENVELOPE,
            self.limits,
            now=self.clock.now,
            temperature_degC=lambda: self.degC,
            reopen=self.reopen,
        )

    def reopen(self):
        self.reopened += 1
        if not self.reopens:
            raise NoReplyError("cannot be opened again", instrument="meter")

    def start(self, method=METHOD):
        self.run = self.one.start("clip", plan(method), ENVELOPE, "cell-1", "test-1")
        return self.one.poll(self.run)

    def poll(self, times=1):
        for _ in range(times):
            self.meter.pass_time(10)
            status = self.one.poll(self.run)
        return status

    def charging(self):
        self.start()
        status = self.poll(8)
        assert (status.state, self.meter.operation) == ("running", Operation(4.1, 0.002))
        assert self.meter.current_A() == 0.002
        return status
