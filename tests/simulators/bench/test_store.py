"""The log that a simulated world is kept in: nothing is lost, no endless growth, and no other file passes for it."""

from __future__ import annotations

import copy
import errno
import os
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core.errors import InputError
from galvanaut.simulators import store as module
from galvanaut.simulators.store import HEADER, Store, read_rows


@pytest.fixture
def store(tmp_path):
    one = Store(tmp_path / "world")
    one.rewrite({"clock": {"now": 1.0}, "pump": {"rate": 2, "is_on": False}})
    yield one
    one.close()


def test_only_what_changed_is_written(store) -> None:
    before = store.path.read_bytes()
    store.save({"pump": {"rate": 2, "is_on": True}, "clock": {"now": 1.0}})
    assert store.path.read_bytes() == before + b'[{"pump":{"is_on":true}},[]]\n'
    store.save({"pump": {"rate": 2, "is_on": True}})
    assert store.path.read_bytes() == before + b'[{"pump":{"is_on":true}},[]]\n'


def test_what_has_gone_is_forgotten(store) -> None:
    store.save({"pump": {"rate": 2}})
    store.save({"vessel": {"grams": {"DMC": 1.0, "LiPF6": 0.5}}})
    store.save({"vessel": {"grams": {"LiPF6": 0.5}}})
    assert read_rows(store.path) == {
        "clock": {"now": 1.0},
        "pump": {"rate": 2},
        "vessel": {"grams": {"LiPF6": 0.5}},
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.dictionaries(st.sampled_from("xyz"), st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=3)


def canonical(value: Any) -> Any:
    """Tells 1, 1.0 and True apart no more than the store does."""
    if isinstance(value, dict):
        return {key: canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        return [canonical(each) for each in value]
    return float(value) if isinstance(value, (bool, int)) else value


@given(st.lists(st.tuples(ROWS, st.booleans()), max_size=6))
def test_the_file_says_what_was_saved_last(tmp_path_factory, history) -> None:
    path, expected = tmp_path_factory.mktemp("history") / "world", dict[str, Any]()
    store = Store(path)
    store.rewrite({})
    for rows, anew in history:
        expected.update(copy.deepcopy(rows))
        if anew:
            store.rewrite(copy.deepcopy(expected))
        else:
            store.save(rows)
        assert canonical(read_rows(path)) == canonical(expected)
    store.close()
    again = Store(path)
    assert canonical(again.rows) == canonical(expected)
    again.close()


def test_half_a_line_at_the_end_never_happened(store) -> None:
    store.save({"pump": {"rate": 3, "is_on": True}})
    known, whole = read_rows(store.path), store.path.read_bytes()
    store.save({"pump": {"rate": 4, "is_on": False}, "clock": {"now": 7.0}})
    store.close()
    longer = store.path.read_bytes()
    for cut in range(len(whole), len(longer)):
        store.path.write_bytes(longer[:cut])
        assert read_rows(store.path) == known
    store.path.write_bytes(longer[:-1])
    again = Store(store.path)
    again.rewrite(again.rows)
    again.save({"pump": {"rate": 5, "is_on": False}})
    assert read_rows(store.path) == {"clock": {"now": 1.0}, "pump": {"rate": 5, "is_on": False}}
    again.close()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"SQLite format 3\x00 and so on", "written by an earlier version.*begin a new lab folder"),
        (b"", "is not a simulated world; choose another file"),
        (b"name: value\n", "is not a simulated world"),
        (HEADER + b'[{"a":{}},[]]\n\x00\x00\x00\n[{"a":{}},[]]\n', "line 3 of this simulated world is damaged"),
        (HEADER + b'[{"a":{}},["b"]]\n', "line 2 of this simulated world is damaged"),
        (HEADER + b'[{"a":4},[]]\n', "line 2 of this simulated world is damaged"),
    ],
)
def test_another_file_is_refused_and_left_alone(tmp_path, content: bytes, problem: str) -> None:
    path = tmp_path / "world"
    path.write_bytes(content)
    for _ in range(2):  # the first refusal leaves nothing locked
        with pytest.raises(InputError, match=problem):
            Store(path)
    assert path.read_bytes() == content


def test_a_full_disk_is_told_and_nothing_half_written_stays(store, monkeypatch) -> None:
    before, write = store.path.read_bytes(), os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: write(file, data[:5]))
    with pytest.raises(InputError, match="world: cannot be written: the disk is full"):
        store.save({"pump": {"rate": 9, "is_on": False}})
    assert store.path.read_bytes() == before

    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "write", full)
    with pytest.raises(InputError, match="No space left on device"):
        store.save({"pump": {"rate": 9, "is_on": False}})
    monkeypatch.undo()
    store.save({"pump": {"rate": 9, "is_on": False}})
    assert read_rows(store.path)["pump"]["rate"] == 9


def test_a_rewrite_that_fails_leaves_the_old_log(store, monkeypatch) -> None:
    def fail(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(module.os, "fsync", fail)
    with pytest.raises(InputError, match="cannot be written as a simulated world"):
        store.rewrite({"clock": {"now": 5.0}})
    monkeypatch.undo()
    store.save({"clock": {"now": 2.0}})
    assert read_rows(store.path) == {"clock": {"now": 2.0}, "pump": {"rate": 2, "is_on": False}}


def test_what_a_killed_rewrite_left_behind_does_not_matter(store) -> None:
    store.close()
    store.path.with_name(f".{store.path.name}.1.draft").write_bytes(HEADER + b'[{"clo')
    again = Store(store.path)
    assert again.rows["clock"] == {"now": 1.0}
    again.rewrite(again.rows)
    assert read_rows(store.path)["clock"] == {"now": 1.0}
    again.close()


def test_a_long_log_is_written_anew_and_says_the_same(bench, connect, monkeypatch) -> None:
    monkeypatch.setattr(module, "_SPARE_BYTES", -6_000)
    bench._rewrite()
    path, lines, sizes = bench._store.path, connect(bench), []
    for number in range(300):
        lines.ask("lcr", f":FREQ {1000 + number};*OPC?")
        sizes.append(path.stat().st_size)
        assert read_rows(path)["device/lcr"]["settings"]["frequency_Hz"] == 1000 + number
    assert sum(later < earlier for earlier, later in pairwise(sizes)) >= 2
    assert max(sizes) < 3 * min(sizes)
