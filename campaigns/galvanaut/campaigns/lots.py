"""Choices between lots of a component that stand on the bench side by side, each in a bottle of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from galvanaut.campaigns.variables import Choice

_PREFIX = "lots."


def lot_choice(component: str, lots: Sequence[str]) -> Choice:
    """The choice of one of several ``lots`` of a component."""
    return Choice(f"{_PREFIX}{component}", tuple(lots))


def spurned_lots(choices: Sequence[Choice], settings: Mapping[str, float | str]) -> frozenset[tuple[str, str]]:
    """Lots that a trial with these settings does not use, because others of the same component were chosen.

    Each with its component: makers number their lots independently, so that two components may have lots of one name.
    """
    return frozenset(
        (choice.name.removeprefix(_PREFIX), lot)
        for choice in choices
        if choice.name.startswith(_PREFIX)
        for lot in choice.options
        if lot != settings[choice.name]
    )
