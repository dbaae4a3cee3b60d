"""Drivers by name."""

from importlib.metadata import EntryPoint

import pytest

from galvanaut.instruments import drivers
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


def test_a_plugin(monkeypatch):
    point = EntryPoint("other", "galvanaut.instruments.drivers.watlow_f4t:WatlowF4T", registry.GROUP)
    monkeypatch.setattr(registry, "_plugins", lambda: {"other": point})
    assert drivers.driver_class("other").model == "Watlow F4T"
    assert "other" in drivers.driver_names()
