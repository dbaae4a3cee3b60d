"""The terminal, or whatever stands in its place; nobody has to listen to the end."""

from __future__ import annotations

import os
import sys

from rich.console import Console


class PatientConsole(Console):
    """A console whose reader may go away, as in ``galvanaut run ... | head -2``: the rest is written to nowhere."""

    def on_broken_pipe(self) -> None:
        """Be quiet from now on, instead of ending the process as rich would."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what Python still holds back goes there too
        os.close(nowhere)
