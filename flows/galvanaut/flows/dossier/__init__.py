"""`galvanaut dossier`, `verify` and `replicate`: gather what a campaign leaves, write it, and judge it elsewhere."""
