"""A small campaign for every test of this room."""

from pathlib import Path

import pytest

from smalllab import small_campaign


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """Three trials on the simulated bench."""
    return small_campaign(tmp_path)
