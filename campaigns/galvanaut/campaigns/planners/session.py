"""Ask and tell: the campaign loop's view of a planner, with ids, pending and failed trials."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from galvanaut.campaigns.planners.protocol import (
    Array,
    Censored,
    Measured,
    Observation,
    Planner,
    Proposal,
    Recommendation,
    Status,
)


class PlannerSession:
    """Keeps the books of a pure planner. Restored from a ledger by `restore` and `tell`, without computing anything.

    Trials count from 1; the proposal of trial ``n`` answers ask ``n - 1``.
    """

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self._asked = 0
        self._pending: dict[int, Array] = {}
        self._observations: dict[int, Observation] = {}

    @property
    def observations(self) -> list[Observation]:
        """All that was told, by trial number."""
        return [self._observations[trial] for trial in sorted(self._observations)]

    @property
    def pending(self) -> list[int]:
        """Trials asked and not told."""
        return sorted(self._pending)

    def ask(self) -> Proposal:
        """The next proposal; its trial number is ``proposal.index + 1`` and is pending from now on."""
        under_way = [self._pending[trial] for trial in self.pending]
        proposal = self.planner.propose(self._asked, self.observations, under_way)
        self.restore(self._asked + 1, np.array(proposal.point))
        return proposal

    def restore(self, trial: int, point: Array) -> None:
        """Take up a trial that was asked earlier, from the ledger.

        Raises:
            ValueError: trials are restored out of order.
        """
        if trial != self._asked + 1:
            raise ValueError(f"trial {trial} cannot follow trial {self._asked}; restore trials in order")
        self._asked = trial
        self._pending[trial] = np.asarray(point, dtype=np.float64)

    def tell(
        self,
        trial: int,
        value: float | None = None,
        *,
        point: Array | None = None,
        variance: float | None = None,
        status: Status = "ok",
        censored: Censored = "",
        group: str = "",
        quantities: Mapping[str, Measured] | None = None,
    ) -> Observation:
        """Report how a pending trial ended.

        Args:
            trial: its number.
            value: the objective, with status ``ok``.
            point: what was made, if that is known; else as asked.
            variance: of the value, as far as known.
            status: see `Observation`, as for the others.
            censored: on which side of the value the truth lies.
            group: of trials that share an offset.
            quantities: what else was measured.

        Raises:
            ValueError: the trial is not pending, or the outcome contradicts itself.
        """
        made = tuple(np.asarray(self._pending.get(trial, ()) if point is None else point).tolist())
        return self.hear(Observation(trial, made, value, variance, status, censored, group, quantities or {}))

    def hear(self, observation: Observation) -> Observation:
        """Take an observation of a pending trial as it is, or one of another laboratory, which nobody asked for here.

        Raises:
            ValueError: the trial is not pending.
        """
        if observation.is_own and observation.trial not in self._pending:
            raise ValueError(f"trial {observation.trial} is not pending; pending are {self.pending or 'none'}")
        self._observations[observation.trial] = observation
        self._pending.pop(observation.trial, None)
        return observation

    def recommend(self) -> Recommendation | None:
        """The best tested recipe so far."""
        return self.planner.recommend(self.observations)
