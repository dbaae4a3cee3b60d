import re
from importlib.resources import files

import pytest
from molmass import Formula

from galvanaut.campaigns.components import close, component, components
from galvanaut.core.errors import InputError


@pytest.mark.parametrize("key", components())
def test_molar_mass_follows_from_the_formula(key: str) -> None:
    substance = component(key)
    assert substance.molar_mass_g_mol == pytest.approx(Formula(substance.formula).mass, abs=0.02)


@pytest.mark.parametrize("key", components())
def test_every_value_has_a_source_that_can_be_looked_up(key: str) -> None:
    substance = component(key)
    fields = ("cas", "molar_mass_g_mol", "density_g_mL", "melting_degC", "boiling_degC", "flash_degC")
    held = {field for field in fields if getattr(substance, field) not in (None, "")}
    assert held == set(substance.sources)
    assert not any(re.search("UNSOURCED|recall|NOT FOUND|CONFLICT", source) for source in substance.sources.values())


@pytest.mark.parametrize("key", [key for key, substance in components().items() if substance.cas])
def test_cas_numbers_have_a_right_check_digit(key: str) -> None:
    *digits, check = (int(digit) for digit in component(key).cas.replace("-", ""))
    assert sum(place * digit for place, digit in enumerate(reversed(digits), start=1)) % 10 == check


def test_values_that_only_memory_supports_are_absent() -> None:
    assert component("GBL").density_g_mL is None  # recalled in the research table
    assert component("EC").density_g_mL is None  # its temperature is recalled
    assert component("LiPO2F2").cas == ""
    assert component("DMC").density_g_mL == 1.0633
    assert component("DMC").density_at_degC == 25.0
    assert component("EC").melting_degC == 37.8


def test_ec_melts_above_room_temperature_and_keeps_its_source() -> None:
    assert "chemicals" in component("EC").sources["melting_degC"]


def test_an_unknown_component_is_refused_with_similar_keys() -> None:
    with pytest.raises(InputError, match=r"component 'lipf': .*did you mean LiPF6"):
        component("lipf")


def test_close_lists_few_and_keeps_quiet_about_many() -> None:
    assert close("zzz", ["EC", "DMC"]) == "; known: EC, DMC"
    assert close("zzz", components()) == ""


def test_diluents_count_as_solvent() -> None:
    assert component("TTE").role == "diluent"
    assert component("TTE").is_solvent
    assert not component("LiPF6").is_solvent


def test_the_table_names_each_key_once() -> None:
    text = files("galvanaut.campaigns").joinpath("data/components.csv").read_text(encoding="utf-8")
    keys = [line.split(",")[0] for line in text.splitlines()[1:]]
    assert len(keys) == len(set(keys)) == len(components())
