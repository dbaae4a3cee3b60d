"""Job keys and keyed randomness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core.identifiers import JobKey, generator, is_name


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_\-]{0,20}", fullmatch=True), st.integers(0, 9999), st.integers(1, 99))
def test_a_key_reads_back_from_its_text(name: str, trial: int, replicate: int) -> None:
    key = JobKey(name, trial, "dose-DMC", replicate)
    assert JobKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "a/b/c", "a/x/c/1", "a/1/c/1/2"])
def test_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a job key"):
        JobKey.parse(text)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "1a", "a b", "a" * 65, "ä"])
def test_names_cannot_leave_their_folder(name: str) -> None:
    assert not is_name(name)


def test_randomness_depends_on_seed_and_words_alone() -> None:
    first = generator(1, "batch", 3).random(4)
    generator(1, "batch", 4).random(100)
    assert np.array_equal(first, generator(1, "batch", 3).random(4))
    assert not np.array_equal(first, generator(2, "batch", 3).random(4))
    assert not np.array_equal(generator(1, "ab", "c").random(4), generator(1, "a", "bc").random(4))
