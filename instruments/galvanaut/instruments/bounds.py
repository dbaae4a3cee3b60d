"""What a source meter may do to its cell, checked before a byte is sent, and compared with what the meter says."""

from __future__ import annotations

from typing import NamedTuple

from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import InstrumentError, RefusedError
from galvanaut.instruments.link import Link
from galvanaut.instruments.readings import SourceLimits


class Operation(NamedTuple):
    """What the output does when it is on.

    Attributes:
        voltage_V: held, V.
        current_A: largest current in either direction, A.
    """

    voltage_V: float
    current_A: float


class Bounds:
    """Envelope of the cell and the operation set for it, as one driver knows them.

    Both are forgotten before they are changed and remembered only when the meter has confirmed them, so that a change
    that fails half-way leaves nothing with which the output could be switched on.

    Args:
        link: to the meter, for messages.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._envelope: Envelope | None = None
        self._operation: Operation | None = None

    @property
    def envelope(self) -> Envelope:
        """Of the cell.

        Raises:
            RefusedError: none was set.
        """
        if self._envelope is None:
            raise self._refused("knows no limits of its cell", "set_limits comes first")
        return self._envelope

    @property
    def operation(self) -> Operation:
        """Voltage and current as confirmed by the meter.

        Raises:
            RefusedError: nothing was configured.
        """
        if self._operation is None:
            raise self._refused("has no voltage and current limit confirmed", "configure comes first")
        return self._operation

    def require_confirmed(self, operation: Operation) -> None:
        """Whether this is still what the meter has confirmed, and nobody has made it safe since.

        Raises:
            RefusedError: it is not.
        """
        if self._envelope is None or self._operation is not operation:
            raise self._refused("was made safe or set anew meanwhile", "find out by whom")

    def forget(self) -> None:
        """No envelope and no operation is confirmed any more."""
        self._envelope = None
        self._operation = None

    def forget_operation(self) -> None:
        """No operation is confirmed any more."""
        self._operation = None

    def accept(self, envelope: Envelope) -> None:
        """The meter protects a cell of this envelope."""
        self._envelope = envelope

    def confirm(self, operation: Operation) -> None:
        """The meter has taken over this operation."""
        self._operation = operation

    def require_inside(self, operation: Operation) -> None:
        """The current limit acts in both directions, so it has to suit both.

        Raises:
            RefusedError: outside the envelope, no envelope, or a limit that is not above zero.
        """
        voltage_V, current_A = operation
        if not current_A > 0:
            raise self._refused(f"a current limit of {current_A:g} A is not above zero", "give its magnitude")
        found = self.envelope.violations(voltage_V=voltage_V, current_A=current_A)
        found = found or self.envelope.violations(current_A=-current_A)
        if found:
            raise self._refused("; ".join(found), "change the setting, not the envelope")

    def require_possible(self, operation: Operation, limits: SourceLimits) -> None:
        """Whether the meter can do this at all.

        Raises:
            RefusedError: it cannot.
        """
        voltage_V, current_A = operation
        if not limits.voltage_min_V <= voltage_V <= limits.voltage_max_V:
            span = f"{limits.voltage_min_V:g} to {limits.voltage_max_V:g} V"
            raise self._refused(f"cannot hold {voltage_V:g} V, only {span}", "use another meter")
        if not limits.current_min_A <= current_A <= limits.current_max_A:
            span = f"from {limits.current_min_A:g} only up to {limits.current_max_A:g} A"
            raise self._refused(f"cannot limit at {current_A:g} A, {span}", "use another meter")

    def compare(self, what: str, wanted: object, found: object) -> None:
        """What was read back has to be what was set.

        Raises:
            InstrumentError: it is something else; all is forgotten.
        """
        if wanted != found:
            self._disagree(what, str(wanted), str(found))

    def compare_number(self, what: str, unit: str, wanted: float, found: float, tolerance: float) -> None:
        """As `compare`, for numbers that may differ by ``tolerance``, in ``unit``."""
        if not abs(wanted - found) <= tolerance:
            self._disagree(what, f"{wanted:g} {unit}", f"{found:g} {unit}")

    def _disagree(self, what: str, wanted: str, found: str) -> None:
        self.forget()
        problem = f"{what} should be {wanted} but reads back {found}; the output stays refused"
        raise self._link.error(InstrumentError, problem, advice="set the limits anew; check that nobody uses its panel")

    def _refused(self, problem: str, advice: str) -> InstrumentError:
        return self._link.error(RefusedError, f"{problem}; nothing was sent", advice=advice)
