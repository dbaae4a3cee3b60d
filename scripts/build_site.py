"""Build the documentation as a website into build/site. Warnings are errors.

    uv run --group docs python scripts/build_site.py

The pages link to files all over the repository, with paths that work on a code host. So that the same links work in
the site, the front page, all of docs/ and every file that they link to are laid out in build/pages as they lie in the
repository, and zensical makes the site of that. It checks pages and anchors; that other files exist is checked here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from notebook_page import notebook_page

ROOT = Path(__file__).resolve().parents[1]
PAGES, SITE = ROOT / "build" / "pages", ROOT / "build" / "site"
_CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
_ELSEWHERE = re.compile(r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//[^\s\"'>]+")


class BrokenLinkError(Exception):
    """A page links to what is not there."""


def linked(page: Path) -> Iterator[Path]:
    """Files of the repository that a page links to.

    Raises:
        BrokenLinkError: one is missing, is a folder, or lies outside of the repository.
    """
    for target in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        found = (page.parent / target).resolve()
        if not found.is_file() or not found.is_relative_to(ROOT):
            raise BrokenLinkError(f"{page.relative_to(ROOT)}: {target} is no file of the repository")
        yield found


def needed() -> set[Path]:
    """The front page, all pages of docs/, and all files that can be reached from them by links."""
    found: set[Path] = set()
    left = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb")]
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left.extend(linked(file) if file.suffix == ".md" else ())
    return found


def lay_out(files: set[Path]) -> None:
    """Put the files into build/pages, where they lie in the repository; notebooks become pages."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for file in sorted(files):
        target = PAGES / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        if file.suffix == ".ipynb":
            target.with_suffix(".md").write_text(notebook_page(file), encoding="utf-8")
    shutil.copyfile(ROOT / "docs" / "site.css", PAGES / "docs" / "site.css")


def asks_elsewhere() -> list[str]:
    """What in the built pages would make a browser ask another host."""
    pages = sorted(SITE.rglob("*.html"))
    return [f"{page.name}: {tag}" for page in pages for tag in _ELSEWHERE.findall(page.read_text(encoding="utf-8"))]


def main() -> int:
    """Command line. Exit code 1 if anything is wrong."""
    try:
        lay_out(needed())
    except BrokenLinkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(SITE, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=ROOT, check=False)
    if done.returncode:
        return 1
    if found := asks_elsewhere():
        print("error: the site is to work without a network, but asks for", *found, sep="\n", file=sys.stderr)
        return 1
    print(f"{len(list(SITE.rglob('*.html')))} pages in {SITE.relative_to(ROOT)}; open {SITE.name}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
