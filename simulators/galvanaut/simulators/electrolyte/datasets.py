"""The two sets of measurements that the conductivity law is fitted to, in common units.

`data/README.md` says where they come from, under which licence, and what had to be inferred about them.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from galvanaut.simulators.electrolyte.composition import MOLAR_MASSES_G_MOL, SOLVENTS, Array
from galvanaut.simulators.electrolyte.densities import PURE_DENSITIES_G_ML, molality_from_molarity

DATA_FOLDER = Path(__file__).parent / "data"
ROBOT_FILE = DATA_FOLDER / "robot_ec_pc_emc_lipf6.csv"
CALISOL_FILE = DATA_FOLDER / "calisol23_ec_pc_dmc_emc_lipf6.csv"

ROBOT = "robot"
"""Name of the robot's laboratory among those of the papers."""

ROBOT_CYCLIC_SHARE = 0.3
"""Mass share of EC + PC in the robot's solvent, the rest being EMC (inferred, see `data/README.md`)."""

SAME_GROUP = {
    "10.1149/1.1403730": "Ding",
    "10.1149/1.1513556": "Ding",
    "10.1149/1.1566019": "Ding",
    "10.1021/JE020219O": "Ding",
    "10.1149/2.0271802jes": "Dahn",
    "10.1149/2.0981803jes": "Dahn",
}
"""Papers of one research group share one offset and stay on one side of every split (identified by us)."""

WINDOW_K = (238.0, 338.0)
WINDOW_MOLALITY = (0.05, 2.6)
WINDOW_MIN_MS_CM = 0.1
"""What is used for fitting: a little more than what the model may be asked, so that no end is fitted from one side."""


@dataclass(frozen=True)
class Measurements:
    """Conductivities with what was measured, one row each, n rows.

    Attributes:
        laboratory: shape (n,); `ROBOT`, a research group, or the DOI of a paper.
        series: shape (n,); one electrolyte of the robot, or one solvent of one paper.
        shares: mass shares of the solvent, shape (n, 4), order EC, PC, DMC, EMC.
        molality: mol per kg of solvent, shape (n,).
        temperature_K: shape (n,).
        conductivity_mS_cm: shape (n,).
    """

    laboratory: NDArray[np.str_]
    series: NDArray[np.str_]
    shares: Array
    molality: Array
    temperature_K: Array
    conductivity_mS_cm: Array

    def __len__(self) -> int:
        return len(self.molality)

    def where(self, mask: NDArray[np.bool_]) -> Measurements:
        """The rows of a mask, shape (n,)."""
        return Measurements(**{name: getattr(self, name)[mask] for name in self.__dataclass_fields__})

    def systems(self) -> NDArray[np.str_]:
        """The solvents present in each row, e.g. ``EC+DMC``; shape (n,)."""
        names = np.array(SOLVENTS)
        return np.array(["+".join(names[row > 0]) for row in self.shares])


@lru_cache(maxsize=1)
def fitting_data() -> Measurements:
    """Both sets, within the window used for fitting."""
    robot, papers = robot_means(), calisol()
    both = Measurements(
        **{name: np.concatenate([getattr(robot, name), getattr(papers, name)]) for name in robot.__dataclass_fields__}
    )
    return both.where(
        (both.temperature_K >= WINDOW_K[0])
        & (both.temperature_K <= WINDOW_K[1])
        & (both.molality >= WINDOW_MOLALITY[0])
        & (both.molality <= WINDOW_MOLALITY[1])
        & (both.conductivity_mS_cm >= WINDOW_MIN_MS_CM)
    )


def papers_data() -> Measurements:
    """What `fitting_data` holds of the papers: everything but the robot's."""
    data = fitting_data()
    return data.where(data.laboratory != ROBOT)


def robot_means() -> Measurements:
    """The robot's electrolytes: the mean over the runs of one composition at one temperature."""
    runs: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in _rows(ROBOT_FILE):
        key = (row["pc_over_pc_plus_ec"], row["lipf6_mol_per_kg"], row["temperature_K"])
        runs[key].append(float(row["conductivity_mS_per_cm"]))
    ratio, molality, temperature_K = np.array([[float(text) for text in key] for key in runs]).T
    pc, ec = ratio * MOLAR_MASSES_G_MOL["PC"], (1 - ratio) * MOLAR_MASSES_G_MOL["EC"]
    pc_share = ROBOT_CYCLIC_SHARE * pc / (pc + ec)
    shares = np.zeros((len(runs), 4))
    shares[:, 0], shares[:, 1], shares[:, 3] = ROBOT_CYCLIC_SHARE - pc_share, pc_share, 1 - ROBOT_CYCLIC_SHARE
    return Measurements(
        laboratory=np.array([ROBOT] * len(runs)),
        series=np.array([f"{ROBOT} {key[0]} {key[1]}" for key in runs]),
        shares=shares,
        molality=molality,
        temperature_K=temperature_K,
        conductivity_mS_cm=np.array([np.mean(values) for values in runs.values()]),
    )


def calisol() -> Measurements:
    """The papers of CALiSol-23: LiPF6 in EC, PC, DMC and EMC, brought to mass shares and molality."""
    rows = _rows(CALISOL_FILE)
    ratios = np.array([[float(row[name]) for name in SOLVENTS] for row in rows])
    per_part = {
        "w": np.ones(4),
        "v": np.array([PURE_DENSITIES_G_ML[name] for name in SOLVENTS]),
        "mol": np.array([MOLAR_MASSES_G_MOL[name] for name in SOLVENTS]),
    }
    shares = ratios * np.array([per_part[row["solvent ratio type"]] for row in rows])
    shares /= shares.sum(axis=1, keepdims=True)
    salt = np.array([float(row["c"]) for row in rows])
    is_molarity = np.array([row["c units"] == "mol/l" for row in rows])
    labels = [f"{row['doi']} {' '.join(row[name] for name in SOLVENTS)}" for row in rows]
    return Measurements(
        laboratory=np.array([SAME_GROUP.get(row["doi"], row["doi"]) for row in rows]),
        series=np.array(labels),
        shares=shares,
        molality=np.where(is_molarity, molality_from_molarity(shares, salt), salt),
        temperature_K=np.array([float(row["T"]) for row in rows]),
        conductivity_mS_cm=np.array([float(row["k"]) for row in rows]),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
