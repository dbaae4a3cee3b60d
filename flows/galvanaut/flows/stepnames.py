"""Names of steps that stand in the keys of jobs, where more than the procedure itself has to know them."""

CYCLING = "cycling"
"""In which a formed cell ages."""
