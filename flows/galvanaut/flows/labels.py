"""What of a campaign's numbers was simulated or invented, in the words that stand on every page that shows them."""

from __future__ import annotations

SIMULATED = (
    "Every number here comes from a simulated bench: instruments, dosing errors and noise are simulated, and the "
    "conductivity is that of a model fitted to published measurements. Nothing was measured on hardware."
)
ILLUSTRATIVE_CELLS = (
    "Cells are simulated, too: their voltage rests on published materials, but how a recipe makes them age, how they "
    "differ and how they fail is invented (illustrative) and says nothing about real electrolytes."
)
ILLUSTRATIVE_ADDITIVES = "VC and FEC count as EC in the conductivity, which is illustrative."


def note(*, is_synthetic: bool, has_cells: bool) -> str:
    """What to say; empty where everything was measured.

    Args:
        is_synthetic: whether the bench is simulated.
        has_cells: whether the campaign cycles cells.
    """
    if not is_synthetic:
        return ""
    return " ".join([SIMULATED, ILLUSTRATIVE_ADDITIVES, ILLUSTRATIVE_CELLS] if has_cells else [SIMULATED])
