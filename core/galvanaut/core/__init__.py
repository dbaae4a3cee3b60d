"""Units, clock, errors, identifiers, SQL event log: the few words that every room shares."""
