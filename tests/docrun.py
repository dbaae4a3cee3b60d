"""Blocks of the documentation, run as they stand on their page, and what they print beside what the page shows."""

import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager

from docpages import ROOT, blocks
from smalllab import command_line

_COLOUR, _CURSOR = r"\x1b\[[0-9;]*m", r"\x1b\[[0-9;?]*[A-Za-z]|\r"
_RECIPE = r"[\d.]+ mol/kg LiPF6 in [A-Z]\w+(?::[A-Z]\w+)* \d[\d.]*(?::[\d.]+)* \(w/w\)(?: \+ [\d.]+ wt% [A-Z]\w+)*"
GALVANAUT = (sys.executable, "-W", "ignore", "-c", "from galvanaut.flows.cli import main\nmain()")
PREFECT = (sys.executable, "-W", "ignore", "-m", "prefect")


class Page:
    """The blocks of one page.

    Args:
        name: relative to the repository.
    """

    def __init__(self, name):
        self.blocks = blocks(ROOT / name)

    def block(self, text):
        """The one block with this in it, which says nothing of not being run."""
        (found,) = (each for each in self.blocks if text in each.text)
        assert not found.reason, f"{found} is run here"
        return found


def typed(block, changes=None, more=()):
    """Every command of a block, run here as it stands there, and how each ended.

    Args:
        block: of a page.
        changes: pieces of its commands that are other ones here; each has to be there.
        more: options that are added to every command that runs a campaign.
    """
    done = []
    for words in words_of(block, changes):
        done.append(command_line(*words, *(more if words[0] == "run" else ())))
        assert done[-1].returncode == 0, f"{words}: {done[-1].stderr}{done[-1].stdout}"
    assert done, block
    return done


def words_of(block, changes=None):
    """The words behind `galvanaut` in each command of a block; ``changes`` as of `typed`."""
    assert [old for old in changes or {} if not any(old in line for line in block.commands)] == []
    found = []
    for line in block.commands:
        for old, new in (changes or {}).items():
            line = line.replace(old, str(new))
        found.append(shlex.split(line)[1:])
    return found


def exported(block):
    """What the lines `export NAME=VALUE` of a block would set."""
    lines = [shlex.split(line, comments=True) for line in block.text.splitlines() if line.startswith("export ")]
    return dict(word.split("=", 1) for _, word in lines)


def output(block):
    """What a block shows below its commands."""
    return [line for line in block.text.splitlines() if not re.match(r"\$ ", line)]


def plain(text):
    """What was printed on a terminal, without colours; a line that is written over is a line of its own."""
    return re.sub(_CURSOR, "\n", re.sub(_COLOUR, "", text))


def shape(text):
    """A text with neither its numbers nor its recipes nor the width of its columns: what stays from run to run."""
    text = re.sub(_RECIPE, "RECIPE", text)
    return re.sub(r"\s+", " ", re.sub(r"[-+<>~]?\d[\d.,]*", "#", text)).strip()


def shapes(text):
    """That of each line."""
    lines = text if isinstance(text, list) else text.splitlines()
    return [shape(line) for line in lines if line.strip()]


@contextmanager
def running(words, until, program=GALVANAUT):
    """A command in a process of its own, ended by Ctrl-C at the end; all that it said up to a line with ``until``."""
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    process = subprocess.Popen(
        [*program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        preexec_fn=_hears_ctrl_c,
    )
    try:
        said = ""
        while until not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        yield said
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def _hears_ctrl_c():
    """What is started in the background of a shell is deaf to it, and so are its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
