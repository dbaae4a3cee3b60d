"""What is left in the bottles, by the journal: drawn in all, and by each batch. Read once, then only what is new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.instruments.bench import StockEntry
    from galvanaut.instruments.guard.limits import AlarmLimits
    from galvanaut.instruments.journal import Journal

RECENT = 5
"""So many batches that took from a bottle say what the next ones will take (illustrative)."""

Lot = tuple[str, str]


class Supplies:
    """Bottles of a bench.

    Args:
        stocks: of the bench file, by name.
        journal: says what was drawn; unfinished and failed doses count in full.
    """

    def __init__(self, stocks: Mapping[str, StockEntry], journal: Journal) -> None:
        self._stocks = stocks
        self._journal = journal
        self._read = 0
        self._drawn_mL: dict[Lot, float] = {}
        self._by_batch_mL: dict[Lot, dict[tuple[str, int], float]] = {}

    def short(self, limits: AlarmLimits) -> Iterator[tuple[str, str]]:
        """Name of each stock that runs out, and the sentence about it."""
        if not self._stocks:
            return
        self._read_on()
        for name, stock in self._stocks.items():
            left_mL = stock.available_mL - self._drawn_mL.get((name, stock.lot), 0.0)
            lot = f" (lot {stock.lot})" if stock.lot else ""
            need_mL = limits.stock_batches * self._batch_mL((name, stock.lot))
            if left_mL < max(need_mL, limits.stock_share * stock.available_mL):
                needs = f", the next {limits.stock_batches} batches will take {need_mL:.3g} mL" if need_mL else ""
                text = f"{max(0.0, left_mL):.3g} mL of {stock.available_mL:g} mL{lot} are left{needs}"
                yield name, f"{text}; put up a new bottle and say so in the bench file (available, lot)"

    def _batch_mL(self, lot: Lot) -> float:
        recent = list(self._by_batch_mL.get(lot, {}).values())[-RECENT:]
        return fmean(recent) if recent else 0.0

    def _read_on(self) -> None:
        records = self._journal.records()
        for record in records[self._read :]:
            if "stock" in record.request:
                lot, volume_mL = (record.request["stock"], record.request["lot"]), float(record.request["volume_mL"])
                batch = record.key.campaign, record.key.trial
                batches = self._by_batch_mL.setdefault(lot, {})
                self._drawn_mL[lot] = self._drawn_mL.get(lot, 0.0) + volume_mL
                batches[batch] = batches.get(batch, 0.0) + volume_mL
        self._read = len(records)
