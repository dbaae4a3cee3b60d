"""What a stock's dispenser can give, and which stocks cannot be dispensed at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from galvanaut.campaigns.components import component
from galvanaut.campaigns.doseprogram import DoseLimits
from galvanaut.core.stocks import Stock

Limit = Literal["smallest dose", "largest dose", "stock left"]
"""What may bar a dose."""

_NEAT = 0.99
"""Above this mass fraction of one component a stock counts as neat (illustrative)."""
_MELTING_MARGIN_K = 2.0
"""How far above the melting point a neat stock must be kept to flow: puts EC (37.8 degC) at 40 degC, the usual rule."""
_UNLIMITED_mL = 1e6


def not_dosable(stock: Stock, dispensing_degC: float) -> str:
    """Why a stock is solid in its dispenser; empty if it is not, or if no sourced melting point is known.

    The rule looks at neat stocks only: a mixture such as EC with DMC stays liquid below the melting point of EC, and
    the lab that made it knows that it is.
    """
    key, fraction = max(stock.composition.items(), key=lambda item: item[1])
    if fraction < _NEAT:
        return ""
    substance = component(key)
    if substance.role == "salt":
        return f"{stock.name} is neat {key}, a solid salt; dissolve it in a solvent first"
    melting_degC = substance.melting_degC
    if melting_degC is None or dispensing_degC >= melting_degC + _MELTING_MARGIN_K:
        return ""
    return (
        f"{stock.name} is neat {key}, which melts at {melting_degC:g} degC and is not dosed below "
        f"{melting_degC + _MELTING_MARGIN_K:.3g} degC (the dispensers stand at {dispensing_degC:g} degC); "
        "use a premix with a liquid solvent"
    )


def dose_limits(stocks: Sequence[Stock], not_dosable: Sequence[str], without: Sequence[Limit] = ()) -> DoseLimits:
    """Lowest and highest dose of each stock in whole steps.

    Args:
        stocks: in the order of the arrays.
        not_dosable: reason for each stock that is never dosed, else empty.
        without: limits to leave out, to find out which of them bars a recipe.
    """
    low, high = [], []
    for stock, reason in zip(stocks, not_dosable, strict=True):
        smallest_mL = 0.0 if "smallest dose" in without else stock.dose_min_mL
        largest_mL = _UNLIMITED_mL if "largest dose" in without else stock.dose_max_mL
        left_mL = _UNLIMITED_mL if "stock left" in without else stock.available_mL
        low.append(max(1, int(np.ceil(smallest_mL / stock.dose_step_mL - 1e-6))))
        high.append(-1 if reason else int(np.floor(min(largest_mL, left_mL) / stock.dose_step_mL + 1e-6)))
    return DoseLimits(
        step_g=np.array([stock.dose_step_mL * stock.density_g_mL for stock in stocks]),
        low=np.array(low, dtype=np.int64),
        high=np.array(high, dtype=np.int64),
        left_g=np.array([max(stock.available_mL, 1e-9) * stock.density_g_mL for stock in stocks]),
    )
