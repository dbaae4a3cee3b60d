"""Which incident is put down to which fault, and what is said of a fault of which nobody noticed anything."""

import pytest

from galvanaut.campaigns.report import Incident, InjectedFault
from galvanaut.campaigns.report.incidents import LATER_S, accounts

LOST = Incident(150.0, None, "job failed", "0001/cycling/1", "contact was lost: smu_1 (Keithley 2450): no reply")


def fault(instrument="smu_1", begun_at=100.0, ended_at=200.0, messages=3):
    return InjectedFault(f"dead peer on {instrument}", instrument, begun_at, ended_at, messages)


@pytest.mark.parametrize("one", [fault(), fault(ended_at=None), fault(begun_at=10.0, ended_at=151.0 - LATER_S + 10)])
def test_what_happens_to_its_instrument_meanwhile_or_soon_after_is_put_down_to_it(one):
    (account,) = accounts([one], [LOST])
    assert account.noticed == (LOST,)
    assert account.text == "job failed 0001/cycling/1"


@pytest.mark.parametrize(
    "one", [fault("smu_11"), fault("smu"), fault(begun_at=151.0), fault(begun_at=-9e9, ended_at=149.0 - LATER_S)]
)
def test_what_happens_elsewhere_before_or_much_later_is_not(one):
    (account,) = accounts([one], [LOST])
    assert account.noticed == ()


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (fault(begun_at=None), "has not come"),
        (fault(messages=0), "met no message while it lasted"),
        (fault(messages=2), "no alarm was raised, and no job failed"),
        (fault(messages=None), "no alarm was raised, and no job failed"),
    ],
)
def test_a_fault_of_which_nothing_was_noticed_is_accounted_for_too(one, text):
    (account,) = accounts([one], [])
    assert account.text == text
