"""What the planner's model holds of the search, worked out when somebody looks, once for each new result."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.advice import advice
from galvanaut.campaigns.dossier.model import Model
from galvanaut.campaigns.observe import observations
from galvanaut.campaigns.report.surface import surface_figure, surface_of
from galvanaut.core.errors import GalvanautError
from galvanaut.flows.beliefs import beliefs
from galvanaut.flows.page.plain import DRAWING, figure_json
from galvanaut.flows.plan import plan_of

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import Ledger
    from galvanaut.flows.page.source import LabSource

_FEW = "The model is fitted once there are enough results."
_HYPER = ("lengths", "noise_sd", "outliers", "members", "beliefs")


_Results = tuple[int, int, int]


def _results(ledger: Ledger) -> _Results:
    """What a model depends on: how many trials ended, recipes were condemned, batches came from other laboratories."""
    condemned = sum(bool(trial.condemned) for trial in ledger.trials.values())
    return len(ledger.ended()), condemned, len(ledger.returned)


class Models:
    """Maps of all campaigns of a lab, the last one of each kept. Fitting takes some tenths of a second.

    Args:
        source: the lab.
    """

    def __init__(self, source: LabSource) -> None:
        self._source = source
        self._kept: dict[str, tuple[_Results, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def view(self, campaign: str) -> dict[str, Any]:
        """The map of a campaign as data.

        Raises:
            InputError: there is none of this name.
        """
        with self._lock:  # whoever asks for the same meanwhile waits, and need not work it out again
            with self._source.reading():
                known_now = _results(self._source.ledger(campaign))
            known = self._kept.get(campaign)
            if known is None or known[0] != known_now:
                known = self._kept[campaign] = known_now, self._made(campaign)
            return known[1]

    def _made(self, campaign: str) -> dict[str, Any]:
        with self._source.reading():
            version = self._source.versions[campaign]
            ledger = self._source.ledger(campaign).at(version)
        try:
            plan = plan_of(ledger.started or {})
            task = plan.task(beliefs=beliefs(plan, ledger))
            summary = plan.summary(ledger)
            model = Model.fitted(plan.campaign, task, observations(ledger, plan.campaign, task.space))
            surface = None if model is None else surface_of(summary, model)
        except GalvanautError as error:  # a record of another version: everything else is still worth seeing
            return {"campaign": campaign, "version": version, "why_not": str(error)}
        if model is None or surface is None:
            return {"campaign": campaign, "version": version, "why_not": _FEW}
        told = model.explanation()
        with DRAWING:
            maps = {name: figure_json(surface_figure(summary, surface, of_sd=name == "sd")) for name in ("mean", "sd")}
        return {
            "campaign": campaign,
            "version": version,
            "why_not": "",
            "advice": advice(plan.campaign, ledger, task),
            "around": f"All but the shares of the solvents is that of trial {surface.around.number}.",
            "model": told.get("model", ""),
            "hyperparameters": {name: told[name] for name in _HYPER if told.get(name)},
            **maps,
        }
