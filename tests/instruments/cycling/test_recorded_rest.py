"""A rest held by a meter that records by itself: whether its output is still on is asked at each look."""

import pytest

from fakemeter import silence
from galvanaut.instruments.errors import BadReadingError
from hostlab import METHOD
from recordingmeter import RecordingLab


def test_one_lost_word_of_the_output_changes_nothing_at_rest():
    lab = resting()
    lab.meter.failures["is_on"] = [silence()]
    assert (lab.look().state, lab.reopened, lab.meter.failures["is_on"]) == ("running", 0, [])


def test_an_output_that_cannot_be_asked_at_rest_trips_a_period_later_and_costs_no_reading():
    lab = resting()
    lab.meter.failures["is_on"] = [BadReadingError("garbled reply", instrument="meter")] * 4
    status, last = lab.look(), lab.status.row.number
    assert status.state == "running"
    assert status.next_s == pytest.approx(10, abs=1.5)
    status = lab.look()
    assert (status.state, status.row.number > last, lab.meter.on) == ("tripped", True, False)
    assert "at 2 looks in a row it was not known whether the output is on" in status.alarm


def resting():
    """A cell that rests, held at the output, for longer than a few looks take."""
    lab = RecordingLab([METHOD[0] | {"until_time_s": 7200}])
    lab.start()
    return lab
