"""Twins in the formats of others; the packages are in the dependency group ``dev``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from galvanaut.core.errors import InputError
from galvanaut.simulators.cells.spme.parameters import COIN
from galvanaut.simulators.twin import Twin, TwinPrior
from galvanaut.simulators.twin.exports import to_bpx, to_envelope
from twinstreams import Stream

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.fixture
def twin(stream: Stream, prior: TwinPrior) -> Twin:
    made = Twin.begin(prior)
    made.feed_table(stream.table()[:600])
    return made


@pytest.mark.filterwarnings("ignore::UserWarning")  # it checks the window's voltages to a millivolt
def test_parameters_are_valid_bpx(twin: Twin) -> None:
    cells = to_bpx(twin, "cell A")["Parameterisation"]
    assert cells["Cell"]["Electrode area [m2]"] == pytest.approx(1.02 * COIN.area_m2, rel=5e-3)
    assert cells["Cell"]["Nominal cell capacity [A.h]"] == pytest.approx(4.183e-3 * 1.02, rel=5e-3)
    negative, positive = cells["Negative electrode"], cells["Positive electrode"]
    assert negative["Maximum stoichiometry"] == pytest.approx(COIN.full_negative, abs=0.01)
    assert positive["Minimum stoichiometry"] == pytest.approx(COIN.full_positive, abs=0.01)
    assert cells["User-defined"]["Effective resistance outside the cell [Ohm]"] == twin.state.resistance_ohm


def test_open_circuits_are_the_designs(twin: Twin) -> None:
    bpx = pytest.importorskip("bpx")
    cells = to_bpx(twin, "cell A")["Parameterisation"]
    for name, side in (("Negative electrode", COIN.negative), ("Positive electrode", COIN.positive)):
        curve = bpx.Function(cells[name]["OCP [V]"]).to_python_function()
        assert curve(0.5) == pytest.approx(side.open_circuit.potential_V(0.5), abs=1e-9)


def test_an_envelope_holds_state_and_uncertainty(twin: Twin) -> None:
    battwin = pytest.importorskip("battwin")
    kept = to_envelope(twin, "A", NOW, "records/A.bdf.parquet")
    assert battwin.validate_dict(kept) is None or battwin.validate_dict(kept) == []
    assert kept["state"]["state_of_health"] == twin.state.soh
    assert kept["state"]["as_of"] == "2026-11-28T12:00:00Z"
    assert kept["extensions"]["galvanaut:soh_sd"] == twin.state.soh_sd
    assert kept["extensions"]["galvanaut:healthy"] is True
    assert kept["models"][0]["inline"]["Header"]["Title"] == "A"
    assert kept == to_envelope(twin, "A", NOW, "records/A.bdf.parquet")


def test_a_twin_without_readings_has_no_charge(prior: TwinPrior) -> None:
    kept = to_envelope(Twin.begin(prior), "A", NOW)
    assert "state_of_charge" not in kept["state"]
    assert kept["extensions"]["galvanaut:healthy"] is False


@pytest.mark.parametrize("name", ["bpx", "battwin"])
def test_missing_packages_are_named(name: str, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"pip install 'galvanaut\[{name}\]'"):
        _ = to_bpx(twin, "A") if name == "bpx" else to_envelope(twin, "A", NOW)
