"""One driver per module, each written from its command table; none was ever run on hardware."""

from galvanaut.instruments.drivers.registry import Driver, driver_class, driver_names

__all__ = ["Driver", "driver_class", "driver_names"]
