import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.campaigns.recipe import Recipe
from galvanaut.core.errors import InputError

_PART = st.floats(min_value=0.001, max_value=1.0)


@st.composite
def views(draw: st.DrawFn) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    parts = draw(st.dictionaries(st.sampled_from(["EC", "DMC", "EMC", "PC", "TTE"]), _PART, min_size=1))
    total = math.fsum(parts.values())
    salts = draw(st.dictionaries(st.sampled_from(["LiPF6", "LiFSI"]), st.floats(0.01, 4.0)))
    additives = draw(st.dictionaries(st.sampled_from(["VC", "FEC"]), st.floats(0.001, 0.2)))
    return {key: value / total for key, value in parts.items()}, salts, additives


@given(views())
def test_views_give_back_what_made_the_recipe(
    made: tuple[dict[str, float], dict[str, float], dict[str, float]],
) -> None:
    shares, salts, additives = made
    recipe = Recipe.from_views(shares, salts, additives)
    assert math.fsum(recipe.mass_fractions.values()) == pytest.approx(1.0, abs=1e-9)
    assert recipe.solvent_shares == pytest.approx(shares)
    assert recipe.molalities == pytest.approx(salts)
    assert recipe.additive_fractions == pytest.approx(additives)


@given(views())
def test_json_gives_back_the_same_recipe_to_the_last_bit(
    made: tuple[dict[str, float], dict[str, float], dict[str, float]],
) -> None:
    recipe = Recipe.from_views(*made)
    text = json.dumps(recipe.to_json())
    again = Recipe.from_json(json.loads(text))
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert json.dumps(again.to_json()) == text


def test_one_molal_by_hand() -> None:
    """1 mol/kg LiPF6: 151.904 g of salt to 1000 g of solvent."""
    recipe = Recipe.from_views({"EC": 0.3, "DMC": 0.7}, {"LiPF6": 1.0})
    assert recipe.fraction("LiPF6") == pytest.approx(151.904 / 1151.904)
    assert recipe.fraction("EC") == pytest.approx(300.0 / 1151.904)
    assert recipe.fraction("PC") == 0.0


def test_additives_are_a_share_of_the_whole_and_not_solvent() -> None:
    recipe = Recipe.from_views({"EC": 1.0}, {"LiPF6": 1.0}, {"VC": 0.02})
    assert recipe.fraction("VC") == pytest.approx(0.02)
    assert recipe.molality("LiPF6") == pytest.approx(1.0)


def test_order_and_zeros_do_not_matter() -> None:
    one = Recipe({"LiPF6": 0.1, "DMC": 0.6, "EC": 0.3, "PC": 0.0})
    other = Recipe({"EC": 0.3, "DMC": 0.6, "LiPF6": 0.1})
    assert one == other
    assert list(one.mass_fractions) == ["EC", "DMC", "LiPF6"]
    assert pickle.loads(pickle.dumps(one)) == other


def test_the_given_mapping_is_copied() -> None:
    given_fractions = {"EC": 1.0}
    recipe = Recipe(given_fractions)
    given_fractions["EC"] = 0.5
    assert recipe.fraction("EC") == 1.0


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        (Recipe.from_views({"DMC": 0.7, "EC": 0.3}, {"LiPF6": 1.2}), "1.20 mol/kg LiPF6 in EC:DMC 30:70 (w/w)"),
        (Recipe.from_views({"PC": 1.0}, {"LiPF6": 1.0}), "1.00 mol/kg LiPF6 in PC"),
        (Recipe.from_views({"EC": 0.333, "DMC": 0.667}, {}), "EC:DMC 33.3:66.7 (w/w)"),
        (
            Recipe.from_views({"EC": 0.3, "EMC": 0.7}, {"LiPF6": 1.0, "LiFSI": 0.1}, {"VC": 0.02}),
            "1.00 mol/kg LiPF6 + 0.10 mol/kg LiFSI in EC:EMC 30:70 (w/w) + 2.00 wt% VC",
        ),
    ],
)
def test_text_is_what_a_chemist_writes(recipe: Recipe, text: str) -> None:
    assert recipe.text() == text


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ({"EC": 0.5}, r"sum to 0\.5, not to 1"),
        ({"EC": 1.1, "DMC": -0.1}, "mass fraction of DMC is -0.1"),
        ({"EC": math.nan}, "mass fraction of EC is nan"),
        ({"LiPF6": 1.0}, "holds no solvent"),
        ({"ECC": 1.0}, r"component 'ECC'.*did you mean .*EC"),
    ],
)
def test_impossible_fractions_are_refused(fractions: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Recipe(fractions)


def test_views_refuse_shares_that_do_not_sum_to_one() -> None:
    with pytest.raises(InputError, match=r"solvent shares sum to 0\.9"):
        Recipe.from_views({"EC": 0.2, "DMC": 0.7}, {"LiPF6": 1.0})


@pytest.mark.parametrize(
    ("shares", "salts", "additives", "message"),
    [
        ({"EC": 0.9, "VC": 0.1}, {}, {}, "'VC': is an additive, but stands among the solvents"),
        ({"EC": 1.0}, {"DMC": 1.0}, {}, "'DMC': is a solvent, but stands among the salts"),
        ({"EC": 1.0}, {}, {"LiPF6": 0.1}, "'LiPF6': is a salt, but stands among the additives"),
    ],
)
def test_views_refuse_components_in_the_wrong_role(
    shares: dict[str, float], salts: dict[str, float], additives: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Recipe.from_views(shares, salts, additives)


def test_molality_is_for_salts() -> None:
    with pytest.raises(InputError, match="'EC': is a solvent; molality is for salts"):
        Recipe({"EC": 1.0}).molality("EC")
    assert Recipe({"EC": 1.0}).molality("LiPF6") == 0.0
