"""The dossier: what of a finished campaign is handed over, from its ledger and its planner's model alone.

Nothing here touches files: functions give data, text and HTML. `galvanaut.flows.dossier` gathers what they need and
writes the package.
"""
