"""Errors as a person reads them."""

import pytest

from galvanaut.instruments.errors import BadReadingError


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("3.7,0.001", "received '3.7,0.001']; look"),
        ("1" * 200, f"received '{'1' * 200}']; look"),
        ("1" * 9000, f"received '{'1' * 200}' and so on, 9000 characters]; look"),
    ],
)
def test_a_long_reply_is_shown_by_its_beginning_and_its_length(reply, shown):
    error = BadReadingError("expected a number", instrument="smu", command=":READ?", reply=reply, advice="look at it")
    assert shown in str(error)
    assert error.reply == reply
