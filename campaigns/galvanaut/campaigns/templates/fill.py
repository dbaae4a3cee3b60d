"""A campaign file from answers: commented, so that it explains itself to the one who goes on with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["conductivity", "cycle-life", "fast-charge", "low-temperature"]
"""What a campaign is to find."""
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Usual:
    """What a kind of campaign begins with.

    Attributes:
        title: one line.
        solvents: that it searches among.
        temperature_degC: of the measurement.
        trials: in all.
        bench: name of the shipped bench file.
        cycling: name of the shipped test plan for ageing; empty where no cells are built.
    """

    title: str
    solvents: tuple[str, ...]
    temperature_degC: float
    trials: int
    bench: str
    cycling: str = ""


USUAL: dict[Kind, Usual] = {
    "conductivity": Usual(
        "Highest conductivity in {solvents} with LiPF6", ("EC", "DMC", "EMC", "PC"), 25.0, 40, "simulated.yaml"
    ),
    "cycle-life": Usual(
        "Long life in {solvents} with LiPF6, VC and FEC",
        ("EC", "EMC", "DMC"),
        25.0,
        30,
        "simulated-cycling.yaml",
        "ageing.yaml",
    ),
    "fast-charge": Usual(
        "Long life under fast charge in {solvents} with LiPF6, VC and FEC",
        ("EC", "EMC", "DMC"),
        25.0,
        30,
        "simulated-cycling.yaml",
        "fast-charge.yaml",
    ),
    "low-temperature": Usual(
        "Highest conductivity in the cold in {solvents} with LiPF6", ("EC", "EMC", "PC"), -20.0, 30, "simulated.yaml"
    ),
}
_BOUNDS: dict[Kind, dict[str, tuple[float, float]]] = {
    "conductivity": {"EC": (0.0, 0.5), "DMC": (0.0, 0.9), "EMC": (0.0, 0.9), "PC": (0.0, 0.3)},
    "cycle-life": {"EC": (0.2, 0.4), "EMC": (0.2, 0.8), "DMC": (0.0, 0.5)},
    "fast-charge": {"EC": (0.2, 0.4), "EMC": (0.2, 0.8), "DMC": (0.0, 0.5)},
    "low-temperature": {"EC": (0.0, 0.26), "EMC": (0.7, 0.7), "PC": (0.04, 0.3)},
}


@dataclass(frozen=True)
class Answers:
    """What was asked.

    Attributes:
        kind: of campaign.
        name: of the campaign.
        solvents: those to search among, of the usual ones.
        temperature_degC: of the conductivity measurement.
        trials: in all.
        seed: of a simulated campaign.
        bench: path of the bench file, as the campaign file is to name it.
        plans: path of the folder of test plans, as the campaign file is to name it.
    """

    kind: Kind
    name: str
    solvents: tuple[str, ...]
    temperature_degC: float
    trials: int
    seed: int
    bench: str
    plans: str = ""


def template_text(answers: Answers) -> str:
    """The campaign file."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701  (YAML, not HTML)
        loader=PackageLoader("galvanaut.campaigns.templates", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    usual, bounds = USUAL[answers.kind], _BOUNDS[answers.kind]
    chosen = {name: bounds[name] for name in answers.solvents}
    return environment.get_template("campaign.yaml.jinja").render(
        answers=answers,
        title=usual.title.format(solvents=_listed(answers.solvents)),
        bounds=chosen,
        constraints=_constraints(answers),
        cycling=usual.cycling,
        initial=min(8, answers.trials),
        parallel=min(10, answers.trials),
    )


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _constraints(answers: Answers) -> list[str]:
    """Where measurements support the simulated bench, with the solvents that there are."""
    if answers.kind != "conductivity":
        return []
    there = set(answers.solvents)
    lines = []
    if "EC" in there:
        lines += ["EC + PC/3 >= 0.1", "EC + PC*5/3 <= 0.5"] if "PC" in there else ["EC >= 0.1"]
    if {"PC", "EMC"} <= there:
        lines.append("EMC >= PC*7/3")
    return lines
