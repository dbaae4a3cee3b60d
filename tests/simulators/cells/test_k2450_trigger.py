"""The 2450's trigger model against one that goes from block to block, and that it costs nothing to run for long."""

from __future__ import annotations

import json
from math import inf, nextafter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from galvanaut.simulators.devices.k2450_trigger import Block, TriggerModel, course, is_sound

INTEGRATION_S = 0.02
START = 1_767_225_600.0
MEASURE, CLEAR = Block("measure", buffer="defbuffer1"), Block("clear", buffer="defbuffer1")
LOOP = (CLEAR, MEASURE, Block("delay", seconds=0.98), Block("always", to=2))


def stepped(blocks: tuple[Block, ...], until_s: float) -> list[tuple[str, float]]:
    """What happens, and when, block by block; gives up on a model that goes round in no time."""
    happened, number, at_s, rounds, steps = [], 1, 0.0, dict[int, int](), 0
    while number <= len(blocks) and at_s <= until_s and steps < 5000:
        block, steps, number = blocks[number - 1], steps + 1, number + 1
        if block.kind == "measure":
            at_s += INTEGRATION_S
        elif block.kind == "delay":
            at_s += block.seconds
        elif block.kind == "always":
            number = block.to
        elif block.kind == "count":
            rounds[number] = rounds.get(number, 0) + 1
            if rounds[number] < block.rounds:
                number = block.to
            else:
                rounds[number] = 0
        if not block.is_branch and block.kind != "delay" and at_s <= until_s:
            happened.append((f"{block.kind} {block.buffer}{block.is_on if block.kind == 'output' else ''}", at_s))
    return happened


def recorded(model: TriggerModel, until_s: float) -> list[tuple[str, float]]:
    happened = []
    for due in model.run(START + until_s):
        block = due.leg.blocks[0] if due.leg.blocks else None
        if due.last > due.first:
            names = [due.leg.buffers[index % len(due.leg.buffers)] for index in range(due.first, due.last)]
            instants = due.leg.instants(START, due.first, due.last).tolist()
            happened += [(f"measure {name}", at - START) for name, at in zip(names, instants, strict=True)]
        elif block is not None and block.kind in ("clear", "output"):
            what = block.buffer if block.kind == "clear" else str(block.is_on)
            happened.append((f"{block.kind} {what}", due.leg.begin_s))
    return happened


def started(*blocks: Block) -> TriggerModel:
    model = TriggerModel(blocks)
    assert is_sound(blocks)
    model.start(START, INTEGRATION_S)
    return model


numbers = st.integers(1, 8)
blocks = st.one_of(
    st.just(MEASURE),
    st.just(Block("measure", buffer="defbuffer2")),
    st.just(CLEAR),
    st.builds(lambda seconds: Block("delay", seconds=seconds), st.sampled_from([167e-9, 0.125, 1.0, 7.5])),
    st.builds(lambda to: Block("always", to=to), numbers),
    st.builds(lambda to, count: Block("count", to=to, rounds=count), numbers, st.integers(1, 5)),
    st.builds(lambda is_on: Block("output", is_on=is_on), st.booleans()),
)
models = st.lists(blocks, min_size=1, max_size=8).map(tuple).filter(is_sound)
looks = st.lists(st.floats(0, 40), min_size=1, max_size=5).map(sorted)


@given(models, looks)
def test_the_closed_form_is_what_blocks_one_by_one_come_to(model_blocks, times_s) -> None:
    expected = stepped(model_blocks, times_s[-1])
    assume(all(abs(at_s - time_s) > 1e-5 for _, at_s in expected for time_s in times_s if time_s))
    model = started(*model_blocks)
    happened = [each for time_s in times_s for each in recorded(model, time_s)]
    assert [what for what, _ in happened] == [what for what, _ in expected]
    assert [at for _, at in happened] == pytest.approx([at for _, at in expected], abs=1e-5)


@given(models, looks)
def test_how_often_somebody_looks_changes_no_bit(model_blocks, times_s) -> None:
    often, once = started(*model_blocks), started(*model_blocks)
    happened = []
    for time_s in times_s:
        happened += recorded(often, time_s)
        often = TriggerModel.from_row(json.loads(json.dumps(often.to_row())))
    assert happened == recorded(once, times_s[-1])
    assert often == once


def test_a_loop_in_no_time_runs_and_does_nothing() -> None:
    model = started(Block("output", is_on=True), Block("always", to=2))
    assert recorded(model, 1e6) == [("output True", 0.0)]
    assert model.is_running
    assert model.block_at(START + 1e6) == 2
    assert model.next_switch_at() == inf
    assert recorded(started(Block("count", to=1, rounds=2**31 - 1)), 1.0) == []


def test_a_year_of_the_fastest_loop_takes_no_longer() -> None:
    year_s = 3.2e7
    model = started(Block("delay", seconds=167e-9), Block("always", to=1))
    assert recorded(model, year_s) == []
    fast = started(MEASURE, Block("always", to=1))
    (single, looped) = list(fast.run(START + year_s))
    assert (single.last, looped.last) == (1, pytest.approx(year_s / INTEGRATION_S, abs=2))


def test_the_block_that_is_carried_out() -> None:
    model = started(*LOOP)
    for second, block in ((0.01, 2), (0.5, 3), (1.01, 2), (1.5, 3), (9.999, 3)):
        recorded(model, second)
        assert model.block_at(START + second) == block, second
    model.abort(START + 10.01)
    assert (model.state, model.block_at(START + 99)) == ("ABORTED", 2)
    model.abort(START + 12)
    assert model.block == 2
    assert recorded(model, 20) == []


def test_a_counted_model_comes_to_its_end() -> None:
    model = started(MEASURE, Block("delay", seconds=1.0), Block("count", to=1, rounds=3), Block("output", is_on=False))
    assert model.next_switch_at() == pytest.approx(START + 3 * 1.02)
    assert len(recorded(model, 3.0)) == 3
    assert model.is_running
    assert recorded(model, 3.07) == [("output False", pytest.approx(3.06))]
    assert (model.state, model.block_at(START + 4), model.next_switch_at()) == ("IDLE", 0, inf)


@pytest.mark.parametrize(
    "unsound",
    [
        (MEASURE, Block("always", to=3)),
        (CLEAR, MEASURE, Block("always", to=1)),
        (Block("output", is_on=True), Block("delay", seconds=1), Block("always", to=1)),
        (MEASURE, Block("count", to=1, rounds=3), Block("always", to=1)),
        (Block("always", to=3), MEASURE, MEASURE, Block("count", to=2, rounds=2)),
    ],
)
def test_models_beyond_the_simulated_meter(unsound: tuple[Block, ...]) -> None:
    assert not is_sound(unsound)


def test_a_forward_branch_leaves_blocks_out() -> None:
    assert [leg.number for leg in course((Block("always", to=3), MEASURE, CLEAR), INTEGRATION_S)] == [3]
    assert [leg.number for leg in course((Block("count", to=3, rounds=1), MEASURE, CLEAR), INTEGRATION_S)] == [2, 3]


@given(
    st.integers(0, 10**7),
    st.sampled_from([0.0, 167e-9, 0.1, 0.98, 1 / 3, 9.98]),
    st.floats(0.0002, 0.2),
    st.sampled_from([0.0, START]),
)
def test_a_reading_is_due_at_its_very_instant_and_not_before(
    index: int, delay_s: float, integration_s: float, start: float
) -> None:
    waiting = (Block("delay", seconds=delay_s),) if delay_s else ()
    loop = course((MEASURE, *waiting, Block("always", to=1)), integration_s)[-1]
    instant = float(loop.instants(start, index, index + 1)[0])
    assert loop.due_by(start, instant) == index + 1
    assert loop.due_by(start, nextafter(instant, 0.0)) == index
