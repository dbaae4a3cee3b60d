"""Whose fault an error is: Prefect's, or that of what runs inside it."""

import asyncio

import pytest

from galvanaut.core.errors import GalvanautError
from galvanaut.flows.through_prefect import PrefectFailedError, inside, through


async def fails(error):
    raise error


async def well():
    return 3


async def shown(work):
    """Stands for a flow that works."""
    return await inside(work)


async def test_results_pass():
    assert await through(shown, well()) == 3


@pytest.mark.parametrize("error", [GalvanautError("the bench is ill"), KeyError("a bug"), OSError("a disk")])
async def test_errors_of_ours_come_out_as_they_went_in(error):
    with pytest.raises(type(error)) as caught:
        await through(shown, through(shown, fails(error)))
    assert caught.value is error


async def test_errors_of_prefect_are_told_from_ours_at_every_depth():
    for call in ((fails, ValueError("503")), (shown, through(fails, ValueError("503")))):
        with pytest.raises(PrefectFailedError, match=r"^ValueError: 503$"):
            await through(*call)


async def test_an_interruption_stays_one_even_if_prefect_stumbles_over_it():
    async def stumbles():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectionError("the server is gone") from None

    for call in ((shown, asyncio.sleep(60)), (stumbles,)):
        task = asyncio.create_task(through(*call))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
