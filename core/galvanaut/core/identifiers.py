"""Names that may become file names, keys of jobs, and randomness that belongs to a name rather than to a moment."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_\-]{0,63}"
"""Campaigns, instruments, stocks, steps: safe in paths, keys and SQL."""


def is_name(text: str) -> bool:
    """Whether ``text`` may name a campaign, an instrument, a stock or a step."""
    return re.fullmatch(NAME_PATTERN, text) is not None


@dataclass(frozen=True, order=True)
class JobKey:
    """Identifies one physical action for ever: never two jobs with one key, never one action under two keys."""

    campaign: str
    trial: int
    step: str
    replicate: int = 1

    def __str__(self) -> str:
        return f"{self.campaign}/{self.trial:04d}/{self.step}/{self.replicate}"

    @classmethod
    def parse(cls, text: str) -> JobKey:
        """The key that prints as ``text``.

        Raises:
            ValueError: ``text`` is not of the form ``campaign/trial/step/replicate``.
        """
        try:
            campaign, trial, step, replicate = text.split("/")
            return cls(campaign, int(trial), step, int(replicate))
        except ValueError:
            raise ValueError(f"{text!r} is not a job key (campaign/trial/step/replicate)") from None


def generator(seed: int, *words: object) -> np.random.Generator:
    """Randomness that depends on ``seed`` and ``words`` alone, so that the order of events cannot change it."""
    import numpy as np

    digest = hashlib.sha256("\x1f".join(str(word) for word in words).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence([seed, *np.frombuffer(digest, dtype=np.uint32).tolist()]))
