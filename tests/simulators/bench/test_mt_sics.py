"""The balance's command table and its idea of stability."""

from __future__ import annotations

from itertools import pairwise

import pytest

TABLE = [
    ("@", 'I4 A "SIMULATED0"'),
    ("I4", 'I4 A "SIMULATED0"'),
    ("I11", 'I11 A "XPR204"'),
    ("I3", 'I3 A "1.00 simulated"'),
    ("I2", 'I2 A "XPR204 Excellence 200.0000 g"'),
    ("M21 0 0", "M21 A"),
    ("M21 0 7", "M21 L"),
    ("S", "S S     0.0000 g"),
    ("SI", "S S     0.0000 g"),
    ("Z", "Z A"),
    ("ZI", "ZI S"),
    ("T", "T S     0.0000 g"),
    ("TI", "TI S     0.0000 g"),
    ("TA", "TA A 0.0000 g"),
    ("TAC", "TAC A"),
    ("S 1", "S L"),
    ("s", "ES"),
    ("HELLO", "ES"),
    ("", "ES"),
]


def test_the_command_table_row_by_row(lines) -> None:
    for message, reply in TABLE:
        assert lines.ask("balance", message) == reply, message


def test_a_weight_is_right_aligned_in_ten_characters(lines) -> None:
    lines.dose("salt", 10)
    assert lines.ask("balance", "S") == "S S    12.5000 g"


def test_a_reply_ends_with_cr_lf(lines) -> None:
    lines["balance"].write("SI")
    assert lines["balance"].read_raw() == b"S S     0.0000 g\r\n"


def test_dynamic_while_liquid_flows_and_two_seconds_after(lines) -> None:
    clock = lines.bench.clock
    lines.ask("salt", "0DIA26.59", "0VOL1.000", "0RAT10.00MM", "0RUN")
    clock.spend(3)
    assert lines.ask("balance", "SI") == "S D     0.6250 g"
    clock.spend(4.5)
    assert lines.ask("balance", "SI") == "S D     1.2500 g"
    assert lines.ask("balance", "TI").startswith("TI D")
    clock.spend(1)
    assert lines.ask("balance", "SI").startswith("S S")


def test_a_stable_weight_is_worth_waiting_for(lines) -> None:
    clock = lines.bench.clock
    start = clock.now()
    lines.ask("salt", "0DIA26.59", "0VOL1.000", "0RAT10.00MM", "0RUN")
    assert lines.ask("balance", "S") == "S S     1.2500 g"
    assert clock.now() - start == pytest.approx(6 + 2, abs=1e-3)
    lines.ask("balance", "S")
    assert clock.now() - start == pytest.approx(6 + 2 + 0.3, abs=1e-3)


@pytest.mark.parametrize(("command", "reply"), [("S", "S I"), ("T", "T I"), ("Z", "Z I")])
def test_patience_ends(lines, command: str, reply: str) -> None:
    start = lines.bench.clock.now()
    lines.ask("salt", "0DIA26.59", "0VOL30.00", "0RAT10.00MM", "0RUN")
    assert lines.ask("balance", command) == reply
    assert lines.bench.clock.now() - start == pytest.approx(30)


def test_tare_and_zero(lines) -> None:
    lines.dose("salt", 2)
    assert lines.ask("balance", "T") == "T S     2.5000 g"
    assert lines.ask("balance", "S") == "S S     0.0000 g"
    lines.dose("salt", 1)
    assert lines.ask("balance", "S") == "S S     1.2500 g"
    assert lines.ask("balance", "TA") == "TA A 2.5000 g"
    assert lines.ask("balance", "TAC", "S") == "S S     3.7500 g"
    assert lines.ask("balance", "Z", "S") == "S S     0.0000 g"


def test_zero_is_for_small_loads_only(lines) -> None:
    lines.dose("salt", 4)
    assert lines.ask("balance", "Z") == "Z +"
    assert lines.ask("balance", "ZI") == "ZI +"


def test_overload(open_bench, connect) -> None:
    lines = connect(open_bench(simulation={"balance_capacity": "20 g", "balance_noise": "0 mg"}))
    lines.dose("salt", 2)
    lines.ask("balance", "@")
    lines.dose("salt", 18)
    assert lines.ask("balance", "S") == "S +"
    assert lines.ask("balance", "SI") == "S +"
    assert lines.ask("balance", "T") == "T +"
    assert lines.ask("balance", "TI") == "TI +"


def test_less_than_zero_is_shown_with_its_sign(lines) -> None:
    lines.dose("salt", 1)
    assert lines.ask("balance", "Z") == "Z A"
    lines.dose("transfer", 20)
    assert lines.ask("balance", "S") == "S S    -1.2500 g"


def test_readings_scatter_by_the_noise_and_repeat_with_the_seed(open_bench, connect) -> None:
    def readings(name: str, seed: int) -> list[float]:
        lines = connect(open_bench(name, seed, simulation={"balance_noise": "1 mg", "balance_drift": "0 mg"}))
        return [float(lines.ask("balance", "SI").split()[2]) for _ in range(200)]

    first, again, other = readings("a", 1), readings("b", 1), readings("c", 2)
    assert first == again != other
    spread_g = (sum(value**2 for value in first) / len(first)) ** 0.5
    assert spread_g == pytest.approx(1e-3, rel=0.25)


def test_drift_is_slow_and_bounded(open_bench, connect) -> None:
    lines = connect(open_bench(simulation={"balance_noise": "0 mg", "balance_drift": "5 mg"}))
    values = []
    for _ in range(200):
        values.append(float(lines.ask("balance", "SI").split()[2]))
        lines.bench.clock.spend(600)
    assert max(abs(value) for value in values) <= 5.1e-3
    assert max(values) - min(values) > 2e-3
    assert max(abs(b - a) for a, b in pairwise(values)) < 2e-3
