import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
ROW = {
    "key": "EC", "role": "solvent", "name": "ethylene carbonate", "formula": "C3H4O3",
    "cas": "96-49-1", "cas_source": "chemicals 1.5.2 identifiers", "smiles": "C1COC(=O)O1", "inchikey": "KMTR",
    "molar_mass_g_mol": "88.062", "molar_mass_source": "molmass", "density_g_mL": "1.3214", "density_T_C": "40",
    "density_source": "handbook", "melting_C": "37.8", "melting_source": "handbook", "boiling_C": "246",
    "boiling_source": "handbook", "flash_C": "143", "flash_source": "handbook",
}  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_components", ROOT / "scripts/build_components.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sourced_values_are_kept_with_their_source(script: ModuleType) -> None:
    row = script.shipped(ROW)
    assert (row["density_g_mL"], row["density_g_mL_source"], row["density_at_degC"]) == ("1.3214", "handbook", "40")
    assert row["smiles"] == "C1COC(=O)O1"


@pytest.mark.parametrize(
    "source", ["", "UNSOURCED(recall)", "NOT FOUND", "CONFLICT: 1 or 2", "a repository, cites none", "component lists"]
)
def test_values_without_a_source_are_dropped(script: ModuleType, source: str) -> None:
    row = script.shipped(ROW | {"melting_source": source, "density_source": source, "cas_source": source})
    assert row["melting_degC"] == row["melting_degC_source"] == ""
    assert row["density_g_mL"] == row["density_at_degC"] == ""
    assert row["cas"] == row["smiles"] == row["inchikey"] == ""
    assert row["boiling_degC"] == "246"


def test_a_density_needs_its_temperature(script: ModuleType) -> None:
    assert script.shipped(ROW | {"density_T_C": "39-40 (not sure)"})["density_g_mL"] == ""


def test_a_component_needs_a_molar_mass(script: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(ROW))
        writer.writeheader()
        writer.writerows([ROW, ROW | {"key": "X", "molar_mass_source": "recall"}])
    assert [row["key"] for row in script.build(source)] == ["EC"]
