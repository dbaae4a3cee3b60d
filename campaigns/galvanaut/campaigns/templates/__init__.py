"""Campaign files to begin with, filled in from a few answers."""

from galvanaut.campaigns.templates.fill import KINDS, Answers, Kind, template_text

__all__ = ["KINDS", "Answers", "Kind", "template_text"]
