"""Planners against each other on problems whose truth is known. Nothing of a bench takes part."""
