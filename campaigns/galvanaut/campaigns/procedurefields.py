"""The fields of a campaign file that say what is done with each recipe."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from galvanaut.campaigns.searchfields import FileModel
from galvanaut.core.units import Unit

_LIGHTEST_g_mL = 0.77
"""No solvent of the component table is lighter (acetonitrile, 0.776 g/mL at 25 degC)."""


def _difference(value: object) -> object:
    """``0.1 degC`` as a difference of temperature is 0.1 K; as a temperature it would be 273.25 K."""
    return re.sub(r"(?<=[\d\s])degC\s*$", "K", value) if isinstance(value, str) else value


def _positive(value: float) -> float:
    if not value > 0.0:
        raise ValueError(f"must be more than 0, found {value:g}")
    return value


_MORE_THAN_NOTHING = AfterValidator(_positive)
Volume_mL = Annotated[float, Unit("mL"), _MORE_THAN_NOTHING]
"""A volume above 0."""


class ConductivityStep(FileModel):
    """How conductivity is measured in the flow cell."""

    temperature_degC: Annotated[float, Unit("degC")] = Field(
        alias="temperature", description="Temperature of the chamber and of the reading."
    )
    settle_s: Annotated[float, Unit("s"), _MORE_THAN_NOTHING] = Field(
        default=1800.0,
        alias="settle",
        description="How long the chamber stays within the tolerance before the first reading.",
        json_schema_extra={"default": "30 min"},
    )
    tolerance_K: Annotated[float, Unit("K"), BeforeValidator(_difference), _MORE_THAN_NOTHING] = Field(
        default=0.1,
        alias="tolerance",
        description="How far the chamber may be from the temperature while it settles and during the readings.",
        examples=["0.1 degC", "0.2 K"],
        json_schema_extra={"default": "0.1 degC"},
    )
    readings: int = Field(default=5, ge=1, le=1000, description="Readings per trial; their mean counts.")
    transfer_mL: Volume_mL = Field(
        default=3.0,
        alias="transfer",
        description="Volume pushed from the mixer through the cell; several cell volumes, to displace what was in it.",
        json_schema_extra={"default": "3 mL"},
    )


class RinseStep(FileModel):
    """How mixer and cell are cleaned after a trial."""

    cycles: int = Field(default=2, ge=1, le=20, description="How many times mixer and cell are rinsed and emptied.")
    volume_mL: Volume_mL = Field(
        default=5.0,
        alias="volume",
        description="Rinse solvent per cycle.",
        json_schema_extra={"default": "5 mL"},
    )


class CellsStep(FileModel):
    """How cells are built with each batch and tested."""

    replicates: int = Field(default=2, ge=1, le=16, description="Cells per recipe, each in a holder of its own.")
    electrolyte_mL: Volume_mL = Field(
        default=0.05,
        alias="electrolyte",
        description="Electrolyte in each cell.",
        examples=["50 uL"],
        json_schema_extra={"default": "50 uL"},
    )
    formation: str = Field(
        min_length=1,
        description="Test plan of the first cycles, relative to the folder of this file.",
        examples=["../instruments/plans/formation.yaml"],
    )
    cycling: str = Field(
        min_length=1,
        description="Test plan of the ageing, relative to the folder of this file; its C-rates may refer to the "
        "capacity that formation has measured.",
        examples=["../instruments/plans/ageing.yaml"],
    )


class Procedure(FileModel):
    """What is done with each recipe."""

    batch_mass_g: Annotated[float, Unit("g"), _MORE_THAN_NOTHING] = Field(
        alias="batch_mass", description="Mass of each batch; must exceed what the transfer takes."
    )
    conductivity: ConductivityStep = Field(description="The measurement.")
    rinse: RinseStep = Field(default_factory=RinseStep, description="Cleaning between trials.")
    cells: CellsStep | None = Field(
        default=None, description="Build cells with each batch and cycle them; without it only the liquid is measured."
    )

    @model_validator(mode="after")
    def _enough_to_measure(self) -> Self:
        transfer_mL = self.conductivity.transfer_mL
        if self.batch_mass_g < transfer_mL * _LIGHTEST_g_mL:
            raise ValueError(
                f"a batch of {self.batch_mass_g:g} g holds less than the {transfer_mL:g} mL that the transfer takes; "
                "make a larger batch"
            )
        if self.cells is not None:
            used_mL = transfer_mL + self.cells.replicates * self.cells.electrolyte_mL
            if self.batch_mass_g < used_mL * _LIGHTEST_g_mL:
                raise ValueError(
                    f"a batch of {self.batch_mass_g:g} g holds less than the {used_mL:g} mL that the transfer and "
                    f"{self.cells.replicates} cells take; make a larger batch"
                )
        return self
