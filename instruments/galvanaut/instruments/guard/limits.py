"""From when on silence is an alarm. Every default here is ours (illustrative): no laboratory has tried them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from galvanaut.core.units import Unit

GB = 1e9


class AlarmLimits(BaseModel):
    """What the watch judges by; all defaults are illustrative.

    Attributes:
        period_s: from one look of the watch to the next, s.
        silent_periods: sampling periods of a test without a new sample.
        silent_min_s: but no silence shorter than this counts, s.
        late_share: how much longer than expected a job may take, as a share of what is expected.
        late_s: and this much longer, s.
        stock_share: what has to be left in a bottle, as a share of what was available.
        stock_batches: batches for which a bottle has to hold enough, by what the last ones took from it.
        disk_share: what has to be free on the disk of the lab folder, as a share of its size.
        disk_free_GB: and at least so much, GB (1e9 bytes).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    period_s: Annotated[float, Unit("s"), Field(gt=0)] = Field(default=60.0, alias="period")
    silent_periods: float = Field(default=5, gt=0)
    silent_min_s: Annotated[float, Unit("s"), Field(ge=0)] = Field(default=60.0, alias="silent_at_least")
    late_share: Annotated[float, Unit(""), Field(ge=0)] = Field(default=0.5, alias="late_by")
    late_s: Annotated[float, Unit("s"), Field(ge=0)] = Field(default=60.0, alias="late_at_least")
    stock_share: Annotated[float, Unit(""), Field(ge=0, lt=1)] = 0.1
    stock_batches: int = Field(default=3, ge=0)
    disk_share: Annotated[float, Unit(""), Field(ge=0, lt=1)] = 0.02
    disk_free_GB: float = Field(default=1.0, ge=0)
