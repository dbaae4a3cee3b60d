"""The lab page in a real browser: every view on a running dry run, and a bench of 1 and of 256 channels."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from assemblylab import World, in_doubt
from browser import CHROMIUM, browser
from celllab import cell_campaign
from cellspectra import impedance_ohm, record_with
from galvanaut.core.bdf import SUFFIX
from galvanaut.core.readonly import has_table, reading
from galvanaut.instruments.telemetry.store import HotStore
from galvanaut.instruments.vendorfiles import write_record
from pagelab import CELLS, Channels

pytestmark = [pytest.mark.system, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

COMMAND = [sys.executable, "-W", "ignore", "-c", "from galvanaut.flows.cli import main\nmain()"]
SHOWN = "[...document.querySelectorAll('.chart')].filter((each) => each.offsetParent)"
DRAWN = f"{SHOWN}.length > 0 && {SHOWN}.every((each) => each.data?.some((trace) => (trace.x ?? trace.a)?.length))"


@contextmanager
def command(*arguments):
    """A command in a process of its own, ended at the end."""
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    words = [*COMMAND, *map(str, arguments)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextmanager
def served(lab):
    """The page of a lab, by the command; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with command("page", "--lab", lab, "--port", port) as process:
        line = process.stdout.readline()
        assert line.startswith("lab page: "), line + process.stdout.read()
        yield line.split()[-1]


@pytest.fixture(scope="module")
def window():
    with browser() as found:
        yield found


@pytest.fixture
def tab(window):
    window.size(1280, 900)
    window.errors.clear()
    window.requests.clear()
    yield window
    window.open("about:blank")


def click(tab, selector):
    tab.wait(f"Boolean(document.querySelector({selector!r}))", 120)
    tab.run(f"document.querySelector({selector!r}).click()")


def drawn(tab, title, least=1):
    """Wait until the view with this heading shows so many charts with something in each; their number."""
    tab.wait(f"document.querySelector('h1').innerText.includes({title!r})", 120)
    return tab.wait(f"{DRAWN} && {SHOWN}.length >= {least} && {SHOWN}.length", 120)


@contextmanager
def held_in_its_second_cycle(lab, process):
    """While inside, the process of a campaign stands still in the midst of it; then it goes on."""
    deadline = time.monotonic() + 90
    while cycle_of(lab) < 2:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def cycle_of(lab):
    """How far the test of a formed cell is; 0 before there is one."""
    if not (lab / "telemetry.db").is_file():
        return 0
    with reading(lab / "telemetry.db") as engine:
        tests = HotStore(engine).tests() if has_table(engine, "readings") else []
    return max((each.newest.cycle for each in tests if each.newest and "/cycling/" in each.test), default=0)


def is_sound(tab, home):
    """No script has failed, and nothing was asked of anybody but the page."""
    assert tab.errors == []
    assert [url for url in tab.requests if not url.startswith((home, "data:", "about:"))] == []


@pytest.mark.timeout(300)
def test_every_view_of_a_running_dry_run(tab, tmp_path):
    campaign, lab = (
        cell_campaign(tmp_path, trials=1, changes={"maximum_cycles: 3": "maximum_cycles: 5"}),
        tmp_path / "lab",
    )
    lab.mkdir()
    with served(lab) as home, command("run", campaign, "--lab", lab, "--no-prefect") as run:
        tab.open(home)  # before there is anything to be seen
        with held_in_its_second_cycle(lab, run):
            click(tab, "td a[href^='#/cell/cycle-life/0001/cycling/']")
            drawn(tab, CELLS)
            assert "runs" in tab.run("document.body.innerText")
            click(tab, "a[href='#/bench']")
            drawn(tab, "Bench")
            assert tab.run("document.querySelectorAll('tbody tr').length") >= 16
            assert tab.run("!document.getElementById('simulated').hidden")
            click(tab, "#nav a[href='#/campaign/cycle-life']")
            tab.wait("document.querySelector('td.long')?.innerText.includes('initial design')")
        assert run.wait(100) == 0
        assert drawn(tab, "Long life", 3) == 3  # best so far, front, composition map
        click(tab, "a[href='#/trial/cycle-life/1']")
        drawn(tab, "Trial 1")
        assert tab.run("document.querySelectorAll('section:last-of-type tbody tr').length") > 10
        click(tab, "a[href='#/cell/cycle-life/0001/cycling/1']")
        tab.wait("/Residuals agree|Do not trust/.test(document.body.innerText)", 60)
        assert drawn(tab, "cycle-life-001-1", 8) == 8
        assert tab.run("document.querySelectorAll('section .sim').length") >= 8
        tab.run("history.back()")
        drawn(tab, "Trial 1")
        is_sound(tab, home)


def test_a_late_work_order_says_how_to_answer(tab, tmp_path):
    world = in_doubt(World(tmp_path / "lab"))
    with served(world.folder) as home:
        tab.open(home)
        tab.wait("document.querySelector('.orders .late')?.innerText.includes('LATE by 2 h')")
        tab.run("document.querySelector('.orders summary').click()")
        assert "galvanaut answer demo/0001/dose-DMC/1 --choice nothing" in tab.run("document.body.innerText")
        is_sound(tab, home)


def test_spectra_of_an_imported_record_are_drawn(tab, tmp_path):
    record = record_with(*(impedance_ohm(R2_ohm=40.0 + 15 * cycle) for cycle in range(4)))
    write_record(tmp_path / "records" / "eis" / f"c7{SUFFIX}", record, {"imported_from": "c7.mpt", "cell": "c7"})
    with served(tmp_path) as home:
        tab.open(home)
        click(tab, "a[href='#/cell/eis/c7']")
        drawn(tab, "c7", 2)
        shown = tab.run("document.querySelector('main').innerText")
        assert "imported from c7.mpt" in shown
        assert shown.count("holds, ") == 3  # the first, a middle and the last one
        is_sound(tab, home)


@pytest.mark.parametrize("count", [1, 256])
def test_channels_are_changed_in_place(tab, tmp_path, count):
    many = Channels(tmp_path / "lab", count)
    with many.store() as store:
        many.add(store)
        with served(many.lab) as home:
            tab.open(home)
            drawn(tab, "Bench")
            assert tab.run("document.querySelectorAll('tbody tr').length") == count
            tab.run(
                "document.querySelectorAll('tbody tr').forEach((row) => { row.mine = true; }); longTasks.length = 0"
            )
            last = tab.run("document.querySelector('tbody tr:last-child').innerText")
            cycle = "document.querySelector('tbody tr').children[5].innerText"
            for number in (2, 3):
                many.add(store, changed=max(1, count // 2))
                tab.wait(f"{cycle} == '{number}'")
            assert tab.run("[...document.querySelectorAll('tbody tr')].every((row) => row.mine)")
            if count > 1:
                assert tab.run("document.querySelector('tbody tr:last-child').children[5].innerText") == "1"
                assert last.split("\t")[0] == f"holder_{count - 1:03d}"
            print(f"{count} channels: longest task {max(tab.run('longTasks'), default=0):.0f} ms")
            if count == 1:
                is_read_by_keyboard_and_by_ear_and_in_the_dark(tab)
            is_sound(tab, home)


def is_read_by_keyboard_and_by_ear_and_in_the_dark(tab):
    tab.size(390, 800, dark=True)
    tab.wait("getComputedStyle(document.body).backgroundColor == 'rgb(17, 22, 28)'")
    tab.wait("document.documentElement.scrollWidth <= innerWidth")
    assert tab.run(f"{SHOWN}.every((each) => each.getAttribute('role') == 'img' && each.getAttribute('aria-label'))")
    assert tab.run("[...document.querySelectorAll('table')].every((each) => each.caption && each.tHead)")
    for _ in range(2):
        for kind in ("keyDown", "keyUp"):
            tab.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert tab.run("document.activeElement.matches('a, summary, input, [tabindex]')")
    click(tab, "td a[href^='#/cell/']")
    tab.wait("document.activeElement.id == 'main'")
    tab.wait("Boolean(document.querySelector('h1 .sim'))", 30)
