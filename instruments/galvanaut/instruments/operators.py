"""The people around a bench, as its file describes them: how soon they answer, and whether they settle doubts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from galvanaut.core.units import Unit


class Operators(BaseModel):
    """How people work with a bench. The times are illustrative; set those of your laboratory.

    Attributes:
        deadline_s: from the placing of a work order to when it should be answered, s. Nothing happens by itself then.
        reminder_s: from one reminder of an open order to the next, s.
        settle_doubts: whether people are asked what became of a step that nobody can tell after a crash. If not, the
            job fails and the batch is given up, as it has to where nobody ever comes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    deadline_s: Annotated[float, Unit("s"), Field(gt=0)] = Field(default=24 * 3600.0, alias="deadline")
    reminder_s: Annotated[float, Unit("s"), Field(ge=60)] = Field(default=8 * 3600.0, alias="reminder")
    settle_doubts: bool = True
