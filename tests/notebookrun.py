"""Execute a notebook and keep its outputs in it, without Jupyter.

    uv run python tests/notebookrun.py docs/notebooks/first-campaign.ipynb

The cells run in one event loop with `await` at their top, as in Jupyter, in a new folder that lies in an empty copy of
the repository's shape, so that no path of this computer gets into the outputs. Outputs are text, HTML tables and SVG.
This is no part of the program: nothing of ours makes code of text where instruments are worked.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


async def executed(cells: list[dict[str, Any]], names: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells with the outputs that they have now.

    Args:
        cells: of the notebook.
        names: the variables; filled.
    """
    done: list[dict[str, Any]] = []
    count = 0
    for cell in cells:
        if cell["cell_type"] == "code":
            count += 1
            outputs = await _run("".join(cell["source"]), names, count)
            cell = {**cell, "execution_count": count, "outputs": outputs}
        done.append(cell)
    return done


async def _run(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        await _evaluated(tree, "exec", names)
        if isinstance(last, ast.Expr):
            value = await _evaluated(ast.Expression(last.value), "eval", names)
    outputs = [_printed(printed.getvalue())] if printed.getvalue() else []
    return outputs if value is None else [*outputs, _shown(value, count)]


async def _evaluated(tree: ast.Module | ast.Expression, mode: str, names: dict[str, Any]) -> Any:
    value = eval(compile(tree, "cell", mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    return await value if inspect.iscoroutine(value) else value


def _printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}


def _shown(value: Any, count: int) -> dict[str, Any]:
    forms = {"image/svg+xml": "_repr_svg_", "text/html": "_repr_html_"}
    data = {kind: getattr(value, name)() for kind, name in forms.items() if hasattr(value, name)}
    data["text/plain"] = repr(value) if "image/svg+xml" not in data else f"<{type(value).__name__}>"
    split = {kind: text.splitlines(keepends=True) for kind, text in data.items()}
    return {"output_type": "execute_result", "execution_count": count, "data": split, "metadata": {}}


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A new folder in the place of docs/notebooks, beside the benches and campaigns of the repository."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "docs" / "notebooks"
        place.mkdir(parents=True)
        for room in ("instruments", "campaigns"):
            (Path(folder) / room).symlink_to(ROOT / room)
        os.chdir(place)
        try:
            yield place
        finally:
            os.chdir(before)


def main() -> None:
    """Command line."""
    file = Path(sys.argv[1]).resolve()
    notebook = json.loads(file.read_text(encoding="utf-8"))
    with workplace():
        notebook["cells"] = asyncio.run(executed(notebook["cells"], {}))
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{file.name}: executed")


if __name__ == "__main__":
    main()
