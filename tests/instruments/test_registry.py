"""Drivers by name."""

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from galvanaut.instruments import drivers, roles
from galvanaut.instruments.drivers import registry
from galvanaut.instruments.wiring import WORDS


def test_every_driver_plays_a_role_that_can_be_wired():
    names = drivers.driver_names()
    assert {"keysight-e4980a", "mettler-mt-sics", "new-era-ne-1000", "watlow-f4t"} < set(names)
    assert names == sorted(names)
    for name in names:
        driver = drivers.driver_class(name)
        assert driver.role in WORDS
        assert driver.Settings.model_config["extra"] == "forbid"


def test_every_driver_says_that_it_was_never_run_on_hardware():
    import sys

    for name in drivers.driver_names():
        module = sys.modules[drivers.driver_class(name).__module__]
        assert "never run on hardware" in (module.__doc__ or "").lower()
        assert "Sources:" in (module.__doc__ or "")


def test_an_unknown_driver():
    with pytest.raises(ValueError, match=r"unknown driver 'x'; known are .*keysight-e4980a"):
        drivers.driver_class("x")


def test_a_plugin_that_lacks_a_word_of_its_role(monkeypatch):
    class Mute:
        role = "thermometer"

    monkeypatch.setattr(registry, "_plugins", lambda: {"mute": SimpleNamespace(load=lambda: Mute)})
    with pytest.raises(ValueError, match="as a thermometer it needs a classmethod places"):
        drivers.driver_class("mute")


def test_a_plugin(monkeypatch):
    point = EntryPoint("other", "galvanaut.instruments.drivers.watlow_f4t:WatlowF4T", registry.GROUP)
    monkeypatch.setattr(registry, "_plugins", lambda: {"other": point})
    assert drivers.driver_class("other").model == "Watlow F4T"
    assert "other" in drivers.driver_names()


ROLES = {
    "pump": (roles.Pump, registry.PumpDriver),
    "balance": (roles.Balance, registry.Driver),
    "chamber": (roles.Chamber, registry.Driver),
    "impedance meter": (roles.ImpedanceMeter, registry.Driver),
    "source meter": (roles.SourceMeter, registry.SourceMeterDriver),
    "battery tester": (roles.BatteryTester, registry.Driver),
    "thermometer": (roles.Thermometer, registry.ThermometerDriver),
    "assembler": (roles.Assembler, registry.Driver),
}


def words_of(protocol):
    return {name for kind in protocol.__mro__ for name in vars(kind) if not name.startswith("_")}


@pytest.mark.parametrize("name", drivers.driver_names())
def test_every_driver_has_all_words_of_its_role(name):
    driver = drivers.driver_class(name)
    role, kind = ROLES[driver.role]
    assert words_of(role) - set(dir(driver)) <= {"was_power_cycled"}  # that of a pump is set when it is connected
    assert words_of(kind) - set(dir(driver)) == set()
    assert {"identify", "set_up", "make_safe"} <= words_of(role)
