"""An executed notebook as a page of the site: its text, its code and the outputs that are kept with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_STYLE = re.compile(r"<style.*?</style>\n?", re.DOTALL)


def notebook_page(file: Path) -> str:
    """The notebook as Markdown."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    head = f"This page is the notebook [`{file.name}`]({file.name}); download it and run it in your own clone.\n"
    parts = [part for cell in cells for part in _parts(cell)]
    return "\n".join([parts[0], head, *parts[1:]])


def _parts(cell: Mapping[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source + "\n"
        return
    yield f"```python\n{source}\n```\n"
    for output in cell["outputs"]:
        yield _shown(output)


def _shown(output: Mapping[str, Any]) -> str:
    """An output: a figure or a table as it is, everything else as text."""
    data = output.get("data", {"text/plain": output.get("text", [])})
    if "image/svg+xml" in data:
        return f'<div class="figure">{"".join(data["image/svg+xml"])}</div>\n'
    if "text/html" in data:
        table = "".join(data["text/html"]).replace(
            '<table border="1" class="dataframe">', "<table>"
        )  # the site's own look
        return f'<div class="output">{_STYLE.sub("", table)}</div>\n'
    text = "".join(data["text/plain"]).rstrip()
    return f'```text title="output"\n{text}\n```\n'
