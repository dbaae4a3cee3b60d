"""The ledger: a campaign's append-only record of decisions and outcomes. What it says is what happened.

Instants are those of the bench's clock, so that one seed writes one ledger on a simulated bench. Wall-clock times of
the host's runs are kept apart, in their own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from galvanaut.campaigns.planchanges import differences
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.synthetic import is_synthetic, require_same_world
from galvanaut.core.clock import Clock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import Event, EventLog

FORECAST = "forecast"
"""Among the details of an outcome: quantities whose value is a forecast, not a measurement."""

TrialStatus = Literal["pending", "ok", "failed_recipe", "failed_cells", "failed_instrument"]


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        status: ``ok``; ``failed_recipe`` (the planner learns from it); ``failed_cells`` (badly built, all of them) and
            ``failed_instrument`` (it learns nothing from these).
        values: measured value of each objective.
        deviations: standard deviation of each value, as far as the readings themselves tell; finite ones only.
        details: what else was measured, as JSON.
        reason: why it failed, in words.
    """

    status: TrialStatus
    values: Mapping[str, float] = field(default_factory=dict)
    deviations: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    def __post_init__(self) -> None:
        # JSON has no word for infinite: a trial with such a deviation could never be closed.
        object.__setattr__(self, "deviations", {name: sd for name, sd in self.deviations.items() if isfinite(sd)})


@dataclass(frozen=True)
class ReturnedBatch:
    """What another laboratory measured on a campaign's recipes, and returned on the form of a dossier.

    Attributes:
        laboratory: its name; its values share an unknown offset.
        form: SHA-256 of the form as it came back.
        rows: each with ``line``, ``recipe`` (its name in the form), ``made`` (mass fractions), ``status`` (``ok`` or
            ``failed``), ``reason``, ``value`` of the number that decides, ``origin``, ``made_on``.
        at: instant on the bench's clock at which it was taken in.
    """

    laboratory: str
    form: str
    rows: Sequence[Mapping[str, Any]]
    at: float


@dataclass
class TrialRecord:
    """One trial as the ledger knows it.

    Attributes:
        number: counts from 1.
        recipe: as proposed, exactly as the bench can make it.
        doses: planned, each a mapping with ``stock``, ``lot``, ``volume_mL``, ``mass_g``.
        explanation: why the planner proposed it.
        as_made: mass fractions by the balance, once made; ``as_made_deviations`` their standard deviations.
        outcome: once ended.
        proposed_at, ended_at: instants on the bench's clock.
        bench: on which it is made and tested.
        settings: chosen beside the recipe, by name.
        seen: place in the log of the last thing that was known when it was proposed.
        left_mL: what the bottles held then, by stock, where that may have limited the choice; empty where it did not.
        condemned: why a person says that the recipe failed; empty if nobody does.
        weighed: each time it was asked whether its cells are worth going on with: what was known, the probability,
            and what was decided.
    """

    number: int
    recipe: Recipe
    doses: Sequence[Mapping[str, Any]]
    explanation: Mapping[str, Any]
    proposed_at: float
    as_made: Recipe | None = None
    as_made_deviations: Mapping[str, float] = field(default_factory=dict)
    outcome: Outcome | None = None
    ended_at: float | None = None
    bench: str = ""
    settings: Mapping[str, float | str] = field(default_factory=dict)
    seen: int = 0
    left_mL: Mapping[str, float] = field(default_factory=dict)
    condemned: str = ""
    weighed: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def stopped(self) -> Mapping[str, Any] | None:
        """The decision by which its cells were taken off before their end; None if there was none."""
        return next((each for each in self.weighed if each["decision"]["action"] == "stop"), None)

    @property
    def forecast(self) -> tuple[str, ...]:
        """Quantities whose value is a forecast: its cells were taken off before it could be measured."""
        return tuple(self.outcome.details.get(FORECAST, ())) if self.outcome is not None else ()

    @property
    def status(self) -> TrialStatus:
        """``pending`` until there is an outcome."""
        return self.outcome.status if self.outcome else "pending"

    @property
    def tested(self) -> Recipe:
        """What the planner learns from: the as-made recipe where there is one."""
        return self.as_made or self.recipe

    @property
    def text(self) -> str:
        """What was tested, in words: the recipe and what was chosen beside it."""
        chosen = (
            f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.settings.items()
        )
        return ", ".join([self.tested.text(), *chosen])

    def judge(self) -> None:
        """Let what a person says stand for the outcome, which is kept in its details."""
        if self.condemned and self.outcome is not None:
            before = {"status": self.outcome.status, "values": dict(self.outcome.values), "reason": self.outcome.reason}
            details = {**self.outcome.details, "before": before}
            self.outcome = Outcome("failed_recipe", details=details, reason=self.condemned)


class Ledger:
    """One campaign's record.

    Args:
        log: table of the lab's ledger database.
        campaign: name of the campaign.
        clock: the bench's clock.
        bench: name of the one that this process works on, among those that share the campaign; empty for who only
            reads.
        until: place in the log up to which it is read; None for all of it.

    Attributes:
        started: the plan that the campaign follows; the newest one, if something that may change did. None before
            the start.
        joined: the plans of other benches that have joined, by the bench's name.
        trials: of all benches, by number.
        earlier: what was known of earlier campaigns when this one began, by their names.
        returned: batches of other laboratories, in the order in which they were taken in.
        software: versions of what a bench's planner last worked with, by the bench's name.
        newest: place in the log of the last event taken over.
    """

    def __init__(self, log: EventLog, campaign: str, clock: Clock, bench: str = "", until: int | None = None) -> None:
        self._log = log
        self._clock = clock
        self.campaign = campaign
        self.bench = bench
        self.started: Mapping[str, Any] | None = None
        self.joined: dict[str, Mapping[str, Any]] = {}
        self.trials: dict[int, TrialRecord] = {}
        self.earlier: dict[str, Mapping[str, Any]] = {}
        self.returned: list[ReturnedBatch] = []
        self.software: dict[str, Mapping[str, str]] = {}
        self._calibrations: dict[str, Mapping[str, Any]] = {}
        self.newest = 0
        self.follow(until)

    def follow(self, until: int | None = None) -> None:
        """Take over what was written since, also by processes at other benches; ``until`` a place in the log."""
        for event in self._log.read(topic=self.campaign, after=self.newest):
            if until is not None and event.sequence > until:
                return
            self.newest = event.sequence
            self._apply(event)

    def at(self, until: int) -> Ledger:
        """The same ledger as it was once, to be read."""
        return Ledger(self._log, self.campaign, self._clock, until=until)

    def other(self, campaign: str, until: int | None = None) -> Ledger | None:
        """Another campaign's ledger in the same database, to be read; None if there is none."""
        found = Ledger(self._log, campaign, self._clock, until=until)
        return None if found.started is None else found

    @property
    def calibration(self) -> Mapping[str, Any] | None:
        """What all measurements of the bench rest on; None before it was made."""
        return self._calibrations.get(self.bench or self._first_bench)

    @property
    def plans(self) -> list[Mapping[str, Any]]:
        """Of all benches, that of the first one first."""
        return [] if self.started is None else [self.started, *self.joined.values()]

    @property
    def is_synthetic(self) -> bool:
        """Whether any number in it comes from a simulation, see `galvanaut.campaigns.synthetic`."""
        return any(map(is_synthetic, self.plans))

    @property
    def _first_bench(self) -> str:
        return "" if self.started is None else str(self.started.get("bench", {}).get("name", ""))

    def start(
        self,
        plan: Mapping[str, Any],
        reread: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda stored: stored,
    ) -> None:
        """Open the campaign or join it with another bench, or check that it is still the same one.

        Args:
            plan: campaign file, seed and bench as JSON; what `planchanges.MAY_CHANGE` matches may differ between
                runs, and the ledger notes the change.
            reread: gives a stored plan the form that today's version would store, e.g. with defaults of fields that
                are new, so that a newer version can go on with an older one's campaign.

        Raises:
            InputError: the ledger holds a campaign of this name with another plan.
        """
        if self.started is None:
            self._write("started", {"plan": plan})
            return
        if self.bench and self.bench != self._first_bench:
            self._join(plan, reread)
            return
        before = reread(self.started)
        if changed := differences(before, plan):
            raise InputError(
                f"campaign {self.campaign}",
                f"was started with other settings in this lab folder ({'; '.join(changed)}). "
                "Give the changed campaign a new name or use another --lab.",
            )
        if before != plan:
            self._write("changed", {"plan": plan})

    def _join(self, plan: Mapping[str, Any], reread: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Check that only the bench is another one, and that it is the one that has joined before."""
        require_same_world(self.campaign, self.started or {}, plan)
        known = self.joined.get(self.bench)
        theirs = {**reread(self.started or {}), "bench": plan["bench"] if known is None else reread(known)["bench"]}
        if changed := [text for text in differences(theirs, plan) if not text.startswith("campaign.bench ")]:
            raise InputError(
                f"campaign {self.campaign}",
                f"is shared with other settings ({'; '.join(changed)}). Use the same campaign file and seed at every "
                "bench, or give the changed campaign a new name.",
            )
        if known != plan:
            self._write("joined", {"plan": plan})

    def calibrated(self, result: Mapping[str, Any]) -> None:
        """Record the calibration that all later measurements rest on."""
        self._write("calibrated", {**result, "bench": self.bench} if self.bench else result)

    def believes(self, earlier: Mapping[str, Mapping[str, Any]]) -> None:
        """Record what is known of earlier campaigns. The first record stands: later trials of them play no part."""
        if earlier and not self.earlier:
            self._write("believes", {"earlier": {name: dict(each) for name, each in earlier.items()}})

    def works_with(self, versions: Mapping[str, str]) -> None:
        """Record the versions of what the bench's planner works with, if they are other ones than before."""
        if self.software.get(self.bench or self._first_bench) != versions:
            self._write("software", {"bench": self.bench, "versions": dict(versions)})

    def propose(
        self,
        number: int,
        recipe: Recipe,
        doses: Sequence[Mapping[str, Any]],
        why: Mapping[str, Any],
        seen: int | None = None,
        left_mL: Mapping[str, float] | None = None,
        settings: Mapping[str, float | str] | None = None,
    ) -> None:
        """Record a decision before anything is done about it.

        Args:
            number: of the trial.
            recipe: as the bench makes it.
            doses: planned, see `TrialRecord`.
            why: the planner's account.
            seen: place in the log of the last thing that the planner knew; all of it if None.
            left_mL: what the bottles held, where that may have limited the choice.
            settings: chosen beside the recipe, by name.
        """
        data = {"recipe": dict(recipe.mass_fractions), "doses": [dict(dose) for dose in doses], "explanation": why}
        basis = {"seen": self.newest if seen is None else seen, **({"left_mL": dict(left_mL)} if left_mL else {})}
        chosen = {"settings": dict(settings)} if settings else {}
        self._write("proposed", {"trial": number, "bench": self.bench, **data, **basis, **chosen})

    def made(self, number: int, as_made: Recipe, deviations: Mapping[str, float]) -> None:
        """Record what the balance says was made."""
        fractions = dict(as_made.mass_fractions)
        if self.trials[number].as_made is None:
            self._write("made", {"trial": number, "as_made": fractions, "deviations": dict(deviations)})

    def close(self, number: int, outcome: Outcome) -> None:
        """Record how a trial ended; a trial ends once."""
        if self.trials[number].outcome is not None:
            return
        self._write(
            "ended",
            {
                "trial": number,
                "status": outcome.status,
                "values": dict(outcome.values),
                "deviations": dict(outcome.deviations),
                "details": dict(outcome.details),
                "reason": outcome.reason,
            },
        )

    def weigh(self, number: int, basis: Mapping[str, Any], decision: Mapping[str, Any]) -> None:
        """Record whether a trial's cells go on, before anything is done about it.

        Args:
            number: of the trial.
            basis: what the decision can be made again from: ``seen``, the last cycle by cell; ``finished``, cells;
                ``features``, of their discharge curves by cell; ``values``, what else was measured; ``to_beat``,
                another trial and its values.
            decision: with ``action``, ``stop`` or ``continue``, ``probability``, ``reason``.
        """
        self._write("weighed", {"trial": number, **basis, "decision": dict(decision)})

    def condemn(self, number: int, reason: str) -> None:
        """Record that a person says a recipe failed; its trial counts as failed from now on, or from its end on."""
        self._write("condemned", {"trial": number, "reason": reason})

    def take_in(self, laboratory: str, form: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Record what another laboratory returned; see `ReturnedBatch`."""
        self._write("returned", {"laboratory": laboratory, "form": form, "rows": [dict(row) for row in rows]})

    def pending(self) -> list[TrialRecord]:
        """Trials of this bench proposed and not ended, in the order of their numbers; of all for who only reads."""
        return [
            trial
            for _, trial in sorted(self.trials.items())
            if trial.outcome is None and self.bench in ("", trial.bench)
        ]

    def ended(self) -> list[TrialRecord]:
        """Trials that ended, in the order in which they did."""
        done = [trial for trial in self.trials.values() if trial.ended_at is not None]
        return sorted(done, key=lambda trial: (trial.ended_at or 0.0, trial.number))

    def _write(self, kind: str, data: Mapping[str, Any]) -> None:
        self._log.append(self._clock.now(), self.campaign, kind, data)
        self.follow()

    def _apply(self, event: Event) -> None:
        data = event.data
        if event.kind in ("started", "changed"):
            self.started = data["plan"]
        elif event.kind == "joined":
            self.joined[data["plan"]["bench"]["name"]] = data["plan"]
        elif event.kind == "believes":
            self.earlier = data["earlier"]
        elif event.kind == "software":
            self.software[data["bench"] or self._first_bench] = data["versions"]
        elif event.kind == "calibrated":
            self._calibrations[data.get("bench", self._first_bench)] = data
        elif event.kind == "proposed":
            self.trials[data["trial"]] = TrialRecord(
                data["trial"],
                Recipe(data["recipe"]),
                data["doses"],
                data["explanation"],
                proposed_at=event.at,
                bench=data.get("bench") or self._first_bench,
                seen=data.get("seen", event.sequence - 1),
                left_mL=data.get("left_mL", {}),
                settings=data.get("settings", {}),
            )
        elif event.kind == "made":
            trial = self.trials[data["trial"]]
            trial.as_made, trial.as_made_deviations = Recipe(data["as_made"]), data["deviations"]
        elif event.kind == "ended":
            trial = self.trials[data["trial"]]
            trial.outcome = Outcome(data["status"], data["values"], data["deviations"], data["details"], data["reason"])
            trial.ended_at = event.at
            trial.judge()
        elif event.kind == "weighed":
            self.trials[data["trial"]].weighed.append({**data, "at": event.at})
        elif event.kind == "returned":
            self.returned.append(ReturnedBatch(data["laboratory"], data["form"], data["rows"], event.at))
        elif event.kind == "condemned":
            trial = self.trials[data["trial"]]
            trial.condemned = data["reason"]
            trial.judge()
