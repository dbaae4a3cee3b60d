"""Column names of the Battery Data Format (BDF), in which every record of a test is kept.

Names are exact; those listed in `REQUIRED` and `RECOMMENDED` are the same in the released batterydf 0.1.0 and in
version 1.3.0 of the ontology. Positive currents charge. One file holds one test of one cell.

Source: github battery-data-alliance/battery-data-format, read at 1412b98 (2026-08-22).
"""

from __future__ import annotations

TEST_TIME = "Test Time / s"
VOLTAGE = "Voltage / V"
CURRENT = "Current / A"
UNIX_TIME = "Unix Time / s"
CYCLE = "Cycle Count / 1"
STEP_COUNT = "Step Count / 1"
"""Counts the steps taken, also repeated ones, from 1."""
AMBIENT_TEMPERATURE = "Ambient Temperature / degC"
TEMPERATURE_T1 = "Temperature T1 / degC"
"""At the cell, where an imported file has it; batterydf 0.1.0 calls it ``Surface Temperature T1 / degC``."""
STEP_ID = "Step ID"
"""Place of the step in the protocol, from 0."""
STEP_TIME = "Step Time / s"
"""Spent in the step, which may have begun at any instant between two readings; not a number if nobody knows.

Where a test was interrupted it stands still: if it grows by less than the test time between two readings of one step,
the cell was switched off for the difference, and no current has flowed.
"""
STOOD_STILL_S = 2.0
"""Differences up to this are none: others round either time to whole seconds."""
CHARGED = "Charging Capacity / Ah"
"""Moved into the cell since the test began; never falls."""
DISCHARGED = "Discharging Capacity / Ah"
"""Moved out of the cell since the test began; never falls."""

REQUIRED = (TEST_TIME, VOLTAGE, CURRENT)
RECOMMENDED = (UNIX_TIME, CYCLE, STEP_COUNT, AMBIENT_TEMPERATURE)
OPTIONAL = (STEP_ID, STEP_TIME, CHARGED, DISCHARGED)
COLUMNS = (*REQUIRED, *RECOMMENDED, *OPTIONAL)
"""Of a record that Galvanaut writes, in this order."""

FREQUENCY = "Frequency / Hz"
REAL_IMPEDANCE = "Real Impedance / ohm"
IMAGINARY_IMPEDANCE = "Imaginary Impedance / ohm"
"""Negative where the cell is capacitive."""
IMPEDANCE = (FREQUENCY, REAL_IMPEDANCE, IMAGINARY_IMPEDANCE)
"""Of a record that was imported with spectra; not a number in rows that are part of none."""

SUFFIX = ".bdf.parquet"
