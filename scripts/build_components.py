"""Builds the shipped component table from a research table: sourced values only.

Usage: ``python scripts/build_components.py SOURCE.csv``

Rule: a value is kept only if the column that names its source names one that a reader can look up. Left out are
values whose source is empty or says UNSOURCED, recall, NOT FOUND, NOT COLLECTED, CONFLICT or dropped; values taken
from a repository or a list that cites nothing; and a density whose temperature is not one plain number. One row, one
component: a component whose molar mass is unsourced is left out as a whole. SMILES and InChIKey have no source column
of their own; they came with the CAS number and are kept where that is from the `chemicals` package. Hazard statements
and prices are not carried over: those are facts of a maker's safety data sheet and of a dated quote.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "campaigns/galvanaut/campaigns/data/components.csv"
NO_SOURCE = re.compile(
    r"^\s*$|UNSOURCED|recall|NOT FOUND|NOT COLLECTED|CONFLICT|dropped|cites none|component lists?\b|\bin id \d+"
)
NUMBER = re.compile(r"-?\d+(\.\d+)?")
# shipped name: name in the research table, and the column that holds its source
PROPERTIES = {
    "cas": ("cas", "cas_source"),
    "molar_mass_g_mol": ("molar_mass_g_mol", "molar_mass_source"),
    "density_g_mL": ("density_g_mL", "density_source"),
    "melting_degC": ("melting_C", "melting_source"),
    "boiling_degC": ("boiling_C", "boiling_source"),
    "flash_degC": ("flash_C", "flash_source"),
}
COLUMNS = ["key", "role", "name", "formula", "smiles", "inchikey", "density_at_degC"]
COLUMNS += [column for field in PROPERTIES for column in (field, f"{field}_source")]


def shipped(row: dict[str, str]) -> dict[str, str]:
    """One row of the shipped table; a value without a source is empty."""
    kept = {column: row[column] for column in ("key", "role", "name", "formula")}
    for field, (value, source) in PROPERTIES.items():
        sourced = NO_SOURCE.search(row[source]) is None and row[value].strip() != ""
        kept[field] = row[value].strip() if sourced else ""
        kept[f"{field}_source"] = row[source].strip() if sourced else ""
    structured = kept["cas_source"].startswith("chemicals")
    for field in ("smiles", "inchikey"):
        kept[field] = row[field] if structured else ""
    if NUMBER.fullmatch(row["density_T_C"].strip()) is None:
        kept["density_g_mL"] = kept["density_g_mL_source"] = ""
    kept["density_at_degC"] = row["density_T_C"].strip() if kept["density_g_mL"] else ""
    return kept


def build(source: Path) -> list[dict[str, str]]:
    """Rows of the shipped table, in the order of the research table."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = [shipped(row) for row in csv.DictReader(file)]
    return [row for row in rows if row["molar_mass_g_mol"]]


def main() -> int:
    """Write the table and print how many values it holds."""
    if len(sys.argv) != 2:
        print("usage: build_components.py SOURCE.csv", file=sys.stderr)
        return 2
    rows = build(Path(sys.argv[1]))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    held = {field: sum(bool(row[field]) for row in rows) for field in PROPERTIES}
    print(f"{TARGET.name}: {len(rows)} components; values held: {held}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
