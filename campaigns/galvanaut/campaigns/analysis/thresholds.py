"""Where a cell ceases to be one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """All are illustrative, for coin cells of some 4 mAh: set them to your own cells.

    Shares and rates are those of the nominal capacity.

    Attributes:
        open_share: a cell that moved less while its voltage stood at the limit is open.
        reached_V: the upper voltage counts as reached within this.
        dead_V: a cell that was charged and never came above this is shorted.
        dead_share: so much charge must have gone in for that.
        overfull_share: a cell that took so much without reaching the upper voltage is shorted.
        rest_fall_V_h: fall of the voltage at rest, late after a charge.
        float_1_h: current that a hold at the upper voltage heads for, over the nominal capacity.
        efficiency: least Coulombic efficiency of a cycle after the first.
        efficiency_spread: of sound replicates; further than 3.5 of these below the others is a short.
        capacity_share: least capacity.
        resistance_ohm: most, 30 s after the beginning of a discharge.
        resistance_ratio: most, over the median of three replicates or more.
        capacity_spread: of ln capacity of sound replicates.
        resistance_spread: of ln resistance of sound replicates.
    """

    open_share: float = 0.01
    reached_V: float = 0.02
    dead_V: float = 2.0
    dead_share: float = 0.02
    overfull_share: float = 1.3
    rest_fall_V_h: float = 0.01
    float_1_h: float = 0.01
    efficiency: float = 0.9
    efficiency_spread: float = 0.003
    capacity_share: float = 0.8
    resistance_ohm: float = 200.0
    resistance_ratio: float = 2.5
    capacity_spread: float = 0.02
    resistance_spread: float = 0.2
