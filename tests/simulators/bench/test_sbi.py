"""The SBI command table, its lines column by column, and what it does without saying so."""

from __future__ import annotations

import pytest
from pyvisa.constants import Parity

ZERO = "+   0.0000 g  "


@pytest.fixture
def open_sbi(description, open_bench, connect, exact):
    """Lines to the small bench whose balance is a Sartorius; keywords override simulation parameters."""

    def open_it(settings: dict[str, object] | None = None, **changes: object):
        description["instruments"]["balance"].update(driver="sartorius-sbi", settings=settings or {})
        lines = connect(open_bench(simulation={**exact, **changes}))
        lines["balance"].parity = Parity.odd
        return lines

    return open_it


@pytest.fixture
def sbi(open_sbi):
    return open_sbi()


def test_questions_and_their_answers(sbi) -> None:
    assert sbi.ask("balance", "\x1bP") == ZERO
    assert sbi.ask("balance", "\x1bx1_") == "Entris II SIMULATED"
    assert sbi.ask("balance", "\x1bx2_") == "SIMULATED0"


def test_a_line_has_sixteen_characters(sbi) -> None:
    sbi["balance"].write("\x1bP")
    assert sbi["balance"].read_raw() == b"+   0.0000 g  \r\n"


def test_with_an_identification_it_has_twenty_two(open_sbi) -> None:
    lines = open_sbi({"line_length": 22})
    lines["balance"].write("\x1bP")
    assert lines["balance"].read_raw() == b"N     +   0.0000 g  \r\n"


@pytest.mark.parametrize("message", ["P", "", "\x1bQ", "\x1bp", "\x1bO", "\x1bR", "\x1bT", "\x1bU", "\x1bV", "\x1bx3_"])
def test_anything_else_is_not_answered(sbi, message: str) -> None:
    sbi["balance"].write(message)
    sbi.bench.clock.spend(60)
    assert sbi["balance"].bytes_in_buffer == 0
    assert sbi.ask("balance", "\x1bP") == ZERO


def test_with_the_wrong_parity_nothing_is_understood(sbi) -> None:
    sbi["balance"].parity = Parity.none
    sbi["balance"].write("\x1bP")
    assert sbi["balance"].bytes_in_buffer == 0


def test_the_parity_may_be_set_at_the_balance(open_sbi) -> None:
    lines = open_sbi({"parity": "none"})
    lines["balance"].parity = Parity.none
    assert lines.ask("balance", "\x1bP") == ZERO


def test_a_value_not_at_rest_has_no_unit(sbi) -> None:
    clock = sbi.bench.clock
    sbi.ask("salt", "0DIA26.59", "0VOL1.000", "0RAT10.00MM", "0RUN")
    clock.spend(3)
    assert sbi.ask("balance", "\x1bP") == "+   0.6250    "
    clock.spend(4.5)
    assert sbi.ask("balance", "\x1bP") == "+   1.2500    "
    clock.spend(1)
    assert sbi.ask("balance", "\x1bP") == "+   1.2500 g  "


def test_tare_zero_and_both(sbi) -> None:
    sbi.dose("salt", 2)
    assert sbi.ask("balance", "\x1bU", "\x1bP") == ZERO
    sbi.dose("salt", 1)
    sbi.bench.clock.spend(3)
    assert sbi.ask("balance", "\x1bP") == "+   1.2500 g  "
    assert sbi.ask("balance", "\x1bV", "\x1bP") == ZERO
    sbi.dose("salt", 9)
    assert sbi.ask("balance", "\x1bV", "\x1bP") == "+  11.2500 g  "
    assert sbi.ask("balance", "\x1bT", "\x1bP") == ZERO
    sbi.dose("transfer", 2)
    assert sbi.ask("balance", "\x1bP").startswith("-   2.5000")


def test_taring_waits_for_rest_and_gives_up_silently(sbi) -> None:
    clock = sbi.bench.clock
    sbi.ask("salt", "0DIA26.59", "0VOL1.000", "0RAT10.00MM", "0RUN")
    start = clock.now()
    assert sbi.ask("balance", "\x1bT", "\x1bP") == ZERO
    assert clock.now() - start == pytest.approx(6 + 2, abs=1e-2)
    sbi.ask("salt", "0VOL30.00", "0RUN")
    assert sbi.ask("balance", "\x1bT", "\x1bP").startswith("+   6.2500   ")


def test_a_restart_forgets_the_tare(sbi) -> None:
    sbi.dose("salt", 9)
    sbi.ask("balance", "\x1bU", "\x1bP")
    start = sbi.bench.clock.now()
    assert sbi.ask("balance", "\x1bS", "\x1bP") == "+  11.2500 g  "
    assert sbi.bench.clock.now() - start > 5


@pytest.mark.parametrize(("length", "line"), [(16, b"Stat    High  \r\n"), (22, b"Stat      High      \r\n")])
def test_overload(open_sbi, length: int, line: bytes) -> None:
    lines = open_sbi({"line_length": length}, balance_capacity="20 g")
    lines.dose("salt", 18)
    lines["balance"].write("\x1bU")
    lines["balance"].write("\x1bP")
    assert lines["balance"].read_raw() == line


def test_both_makes_of_balance_see_one_weight(description, open_bench, connect) -> None:
    def reading(driver: str, message: str) -> str:
        description["instruments"]["balance"]["driver"] = driver
        lines = connect(open_bench(driver))
        if driver == "sartorius-sbi":
            lines["balance"].parity = Parity.odd
        lines.dose("salt", 3)
        lines.bench.clock.spend(10)
        return next(word for word in lines.ask("balance", message).split() if "." in word)

    assert reading("sartorius-sbi", "\x1bP") == reading("mettler-mt-sics", "SI")


def test_the_tare_outlives_the_host(description, open_bench, connect, exact) -> None:
    description["instruments"]["balance"]["driver"] = "sartorius-sbi"
    bench = open_bench("w", simulation=exact)
    for _ in range(2):
        lines = connect(bench)
        lines["balance"].parity = Parity.odd
        lines.dose("salt", 2)
        assert lines.ask("balance", "\x1bP").startswith("+   2.5000")
        lines.ask("balance", "\x1bU", "\x1bP")
        bench.close()
        bench = open_bench("w", simulation=exact)
