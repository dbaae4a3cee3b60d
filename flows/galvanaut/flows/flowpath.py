"""Which instrument of a bench plays which part in the procedure: who doses, weighs, moves, holds and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from galvanaut.core.errors import InputError
from galvanaut.instruments.bench import RINSE, Bench


@dataclass(frozen=True)
class FlowPath:
    """Names on the bench along the way of a batch: bottles, mixer on the balance, cell in the chamber, waste.

    Attributes:
        mixer, cell: vessels; ``mixer_capacity_mL`` is what the mixer holds at most.
        balance: under the mixer. chamber: around the cell. meter: wired to the cell.
        transfer_pump: from the mixer into the cell.
        pumps: dosing pump of each stock.
        rinse_stock, standard_stock: what cleans, and what calibrates the cell.
    """

    mixer: str
    mixer_capacity_mL: float
    cell: str
    balance: str
    chamber: str
    meter: str
    transfer_pump: str
    pumps: Mapping[str, str]
    rinse_stock: str
    standard_stock: str

    def pump_of(self, stock: str) -> str:
        """Name of the pump that doses ``stock``."""
        return self.pumps[stock]

    @classmethod
    def of(cls, bench: Bench) -> FlowPath:
        """Find every part on a bench.

        Raises:
            InputError: a role that the procedure needs is missing or stands there twice; names it.
        """
        balance, mixer = _only_balance(bench)
        transfer, cell = _only_pump_from(mixer, bench)
        standard = bench.standard_stock()
        if RINSE not in bench.stocks:
            raise InputError(f"bench {bench.name}", f"has no stock named {RINSE!r} to clean the flow path with")
        names = [*(stock.name for stock in bench.stocks_for_dosing(mixer)), RINSE, standard]
        return cls(
            mixer=mixer,
            mixer_capacity_mL=bench.vessels[mixer].capacity_mL,
            cell=cell,
            balance=balance,
            chamber=bench.chamber_housing(cell),
            meter=bench.impedance_meter_at(cell),
            transfer_pump=transfer,
            pumps={name: bench.pump_drawing(name, mixer) for name in names},
            rinse_stock=RINSE,
            standard_stock=standard,
        )


def _only_balance(bench: Bench) -> tuple[str, str]:
    found = [(name, entry.wiring.weighs) for name, entry in bench.instruments.items() if entry.role == "balance"]
    if len(found) != 1 or found[0][1] is None:
        count = "no balance" if not found else f"{len(found)} balances"
        raise InputError(f"bench {bench.name}", f"has {count}; the procedure needs exactly one, under the mixer")
    return found[0][0], found[0][1]


def _only_pump_from(mixer: str, bench: Bench) -> tuple[str, str]:
    found = [
        (name, entry.wiring.into)
        for name, entry in bench.instruments.items()
        if entry.role == "pump" and entry.wiring.draws == mixer
    ]
    if len(found) != 1 or found[0][1] is None:
        count = "no pump" if not found else f"{len(found)} pumps"
        raise InputError(
            f"bench {bench.name}", f"has {count} from {mixer} into a conductivity cell; exactly one is needed"
        )
    return found[0][0], found[0][1]
