"""The substances an electrolyte may contain, from a shipped table in which every value names its source.

The table is made by ``scripts/build_components.py``, which states the rule by which a value is kept.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from galvanaut.core.errors import InputError

_NUMBERS = ("molar_mass_g_mol", "density_g_mL", "density_at_degC", "melting_degC", "boiling_degC", "flash_degC")


@dataclass(frozen=True)
class Component:
    """One substance. A value that no source supports is None (numbers) or empty (text).

    Attributes:
        key: the short name used in campaign and bench files, e.g. ``EC``.
        role: ``solvent``, ``diluent``, ``salt`` or ``additive``.
        name: in words.
        formula: sum formula.
        cas: registry number.
        smiles: structure.
        inchikey: structure, hashed.
        molar_mass_g_mol: from the formula.
        density_g_mL: of the pure liquid (of the solid for salts) at ``density_at_degC``.
        density_at_degC: temperature of the density.
        melting_degC: melting point at 1 atm.
        boiling_degC: boiling point at 1 atm.
        flash_degC: flash point.
        sources: by field name, where the value was found.
    """

    key: str
    role: str
    name: str
    formula: str
    cas: str
    smiles: str
    inchikey: str
    molar_mass_g_mol: float
    density_g_mL: float | None = None
    density_at_degC: float | None = None
    melting_degC: float | None = None
    boiling_degC: float | None = None
    flash_degC: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_solvent(self) -> bool:
        """Whether it counts as solvent in shares and molality. Diluents do: they are part of the liquid."""
        return self.role in ("solvent", "diluent")

    @property
    def kind(self) -> str:
        """The role with its article, for messages."""
        return f"an {self.role}" if self.role == "additive" else f"a {self.role}"


@lru_cache(maxsize=1)
def components() -> Mapping[str, Component]:
    """All known components by key, in the order of the table: solvents, diluents, salts, additives."""
    text = files("galvanaut.campaigns").joinpath("data/components.csv").read_text(encoding="utf-8")
    rows = [_component(row) for row in csv.DictReader(text.splitlines())]
    return MappingProxyType({row.key: row for row in rows})


def component(key: str) -> Component:
    """The component called ``key``.

    Raises:
        InputError: there is none; the message names keys that look alike.
    """
    try:
        return components()[key]
    except KeyError:
        raise InputError(f"component {key!r}", unknown(key)) from None


def unknown(key: str) -> str:
    """What to say about a key that is not in the table."""
    return f"is not in the table of components{close(key, components())}"


def close(word: str, known: Iterable[str]) -> str:
    """``; did you mean ...`` with the most similar of ``known``, or all of them when they are few, or nothing."""
    choices = list(known)
    by_lower = {choice.lower(): choice for choice in choices}
    similar = [by_lower[match] for match in difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)]
    if similar:
        return f"; did you mean {' or '.join(similar)}?"
    return f"; known: {', '.join(choices)}" if len(choices) <= 12 else ""


def _component(row: dict[str, str]) -> Component:
    sources = {name.removesuffix("_source"): row[name] for name in row if name.endswith("_source") and row[name]}
    texts = {name: row[name] for name in ("key", "role", "name", "formula", "cas", "smiles", "inchikey")}
    numbers = {name: float(row[name]) for name in _NUMBERS if row[name]}
    return Component(**texts, **numbers, sources=sources)  # type: ignore[arg-type]  # by name, mypy sees one value type
