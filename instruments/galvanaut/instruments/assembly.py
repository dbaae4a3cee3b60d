"""The role of an assembler, and what it says about a cell that it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from galvanaut.instruments.readings import Identity

AssemblyState = Literal["busy", "built", "failed"]
"""``busy``: under way. ``built``: in its holder. ``failed``: noticed at once, nothing was put into the holder."""


@dataclass(frozen=True)
class Assembly:
    """What became of one cell.

    Attributes:
        state: see `AssemblyState`.
        holder: that it was meant for.
        electrolyte_g: filled in, g; 0 while it is under way.
        reason: why it failed; empty if it did not.
    """

    state: AssemblyState
    holder: str
    electrolyte_g: float
    reason: str = ""


class Assembler(Protocol):
    """Builds one cell at a time with what is in a vessel, and puts it into a holder.

    A name is used for one cell and never again, and what became of it can be asked for ever: so a cell is built once,
    also by a program that is started later.
    """

    def identify(self) -> Identity:
        """See `galvanaut.instruments.roles.Instrument`."""
        ...

    def set_up(self) -> None:
        """See `galvanaut.instruments.roles.Instrument`."""
        ...

    def make_safe(self) -> None:
        """See `galvanaut.instruments.roles.Instrument`."""
        ...

    def assemble(self, cell: str, holder: str, electrolyte_mL: float) -> None:
        """Begin to build a cell; takes minutes.

        Raises:
            RefusedError: it is busy, the holder is occupied or unknown, the vessel holds too little, or the name was
                used before.
            NoReplyError: whether it began is not known: ask `outcome`.
        """
        ...

    def is_busy(self) -> bool:
        """Whether a cell is being built."""
        ...

    def outcome(self, cell: str) -> Assembly | None:
        """What became of a cell; None if it was never asked for."""
        ...

    def unload(self, holder: str) -> None:
        """Take the cell out of a holder.

        Raises:
            RefusedError: the holder is empty, or a source drives its cell.
            NoReplyError: whether it was done is not known: ask `cell_in`.
        """
        ...

    def cell_in(self, holder: str) -> str | None:
        """Name of the cell in a holder; None if it is empty."""
        ...
