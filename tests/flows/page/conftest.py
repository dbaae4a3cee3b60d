"""One lab for all tests of the page."""

import pytest

from pagelab import client, page_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    return page_lab(tmp_path_factory.mktemp("page"))


@pytest.fixture
def page(lab):
    with client(lab) as found:
        yield found
