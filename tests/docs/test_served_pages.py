"""Commands of talk-to-a-bench.md and watch-a-lab.md that run until Ctrl-C, and those that need them, run as they stand.

Addresses are other ones: ports are given by the system, and who listens on an address of the reader's listens on all.
"""

import re
import shutil
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from docrun import Page, running, typed, words_of
from galvanaut.instruments.bench import load_bench
from galvanaut.simulators.faults import parse_fault
from smalllab import BENCH, command_line

TALK, WATCH = Page("docs/how-to/talk-to-a-bench.md"), Page("docs/how-to/watch-a-lab.md")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone")
    (folder / "instruments" / "benches").mkdir(parents=True)
    shutil.copy(BENCH, folder / "instruments" / "benches")
    (folder / "lab").mkdir()
    return folder


@pytest.fixture(autouse=True)
def here(clone, monkeypatch):
    monkeypatch.chdir(clone)


@pytest.fixture(scope="module")
def control(clone):
    """The control port of the bench that the page serves."""
    (words,) = words_of(TALK.block("galvanaut bench serve"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(clone)
        with running(words, "Ctrl-C") as said:
            yield re.search(r"^control port: (\S+)$", said, re.M)[1]


def test_any_program_can_talk_to_a_served_bench(control):
    names = {"RESOURCE": load_bench(Path("served.yaml")).instruments["lcr"].resource}
    said = []
    exec(compile(TALK.block("import pyvisa").text, "talk-to-a-bench", "exec"), names | {"print": said.append}, names)
    names["meter"].close()
    assert "E4980A" in said[0]


def test_a_served_bench_is_recorded(control):
    typed(TALK.block("galvanaut bench record"), {"FILE": "served.yaml"})
    assert Path("bench.txt").read_text("utf-8").startswith("galvanaut transcript 1\n")


def test_a_transcript_looks_as_the_page_shows():
    """Versions apart. The page leaves out the other instruments."""
    done = command_line("bench", "record", "instruments/benches/simulated.yaml", "-o", "simulated.txt")
    assert done.returncode == 0, done.stderr
    written, shown = (
        re.sub(r"\d+\.\d+\.\d+\S*,", "VERSION,", text).splitlines()
        for text in (Path("simulated.txt").read_text("utf-8"), TALK.block("galvanaut transcript 1").text)
    )
    assert written[:2] == shown[:2]
    places = [written.index(line) for line in shown]
    assert places == sorted(places)


def test_a_served_bench_is_broken(control):
    block = TALK.block("galvanaut bench fault")
    (done,) = typed(block, {"TCPIP::127.0.0.1::40123::SOCKET": control})
    assert done.stdout.strip() == words_of(block)[0][-1]


def test_every_form_of_a_fault_is_understood():
    beginning, *groups = re.split(r" \[", TALK.block("KIND on INSTRUMENT").text.replace("]", ""))
    assert beginning == "KIND on INSTRUMENT"
    for group in groups:
        for form in group.split(" | "):
            kind = "power cut" if "SIZE" in form else "garbled reply"
            sentence = f"{kind} on lcr {form.replace('N', '3').replace('SIZE', '5 s')}"
            assert str(parse_fault(sentence)) == sentence


def answer(address):
    """What a browser is answered, which keeps the cookie that it is given for a token."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    try:
        with browser.open(address, timeout=20) as found:
            return found.status
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("beginning", "changes", "without_token"),
    [("galvanaut page --lab lab     #", {}, 200), ("--host 192.0.2.17", {"192.0.2.17": "0.0.0.0"}, 403)],
    ids=["here", "from another computer"],
)
def test_the_page_of_a_lab(beginning, changes, without_token):
    (words,) = words_of(WATCH.block(beginning), changes)
    port = a_free_port()
    with running([*words, "--port", port], "Ctrl-C") as said:
        address = re.search(r"^lab page: (\S+)$", said, re.M)[1]
        assert answer(address) == 200
        assert answer(f"http://127.0.0.1:{port}/") == without_token
