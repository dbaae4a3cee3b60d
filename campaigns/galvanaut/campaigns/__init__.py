"""What to learn: campaign files, recipes, search spaces, planners, the ledger and the report."""
