"""From records of cells to numbers with uncertainties: cycles, fade, resistances, impedance, verdicts, trials."""
