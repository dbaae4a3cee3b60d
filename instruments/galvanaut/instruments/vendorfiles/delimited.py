"""Lines of delimited text: what separates their cells, and names that are spelled in more than one way."""

from __future__ import annotations

DELIMITERS = "\t,;"


def delimiter_of(line: str) -> str:
    """What separates most cells of a line."""
    return max(DELIMITERS, key=line.count)


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line, without blanks and quotes around them."""
    return [cell.strip().strip('"') for cell in line.split(delimiter)]


def plain(name: str) -> str:
    """A column name without case, and whether or not blanks stand before a bracket or underscores for blanks."""
    return " ".join(name.lower().replace("_", " ").replace("(", " (").split())
