"""The stream of news: small, only what changed, and only while somebody listens."""

import asyncio
import json
import os

import pytest

from galvanaut.flows.page import stream as streams
from galvanaut.flows.page.source import LabSource
from galvanaut.flows.page.stream import Glance, Stream, event
from pagelab import Channels


def parsed(message):
    kind, data = message.decode().strip().split("\n", 1)
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(streams, "LOOK_S", 0.02)
    monkeypatch.setattr(streams, "SHARE", 0.0)


async def listening(lab):
    """A stream, and its news behind the first message, which holds everything."""
    stream = Stream(LabSource(lab))
    news = stream.events()
    await anext(news)
    await anext(news)
    return stream, news


async def next_news(news, kind):
    while True:
        found = parsed(await asyncio.wait_for(anext(news), 10))
        if found[0] == kind:
            return found[1]


async def test_a_browser_gets_everything_first_and_then_what_changes(tmp_path):
    many = Channels(tmp_path / "lab", 256)
    with many.store() as store:
        many.add(store)
        stream = Stream(LabSource(many.lab))
        news = stream.events()
        assert (await anext(news)).startswith(b"retry: ")
        kind, hello = parsed(await anext(news))
        assert (kind, len(hello["bench"]["channels"])) == ("hello", 256)
        many.add(store, changed=1)
        changed = await next_news(news, "bench")
        assert [row["key"] for row in changed["channels"]] == ["holder_000"]
        assert changed["channels"][0]["cycle"] == 2
        assert set(changed["channels"][0]) <= {"key", "cycle", "voltage_V", "age_s"}
        store.forget(many.test(3))
        assert (await next_news(news, "bench"))["gone"] == ["holder_003"]
        await stream.close()
        assert [message async for message in news] == []


async def test_nobody_looks_when_nobody_listens(tmp_path):
    many = Channels(tmp_path / "lab", 2)
    with many.store() as store:
        many.add(store)
        stream = Stream(LabSource(many.lab))
        news = stream.events()
        await anext(news)
        await news.aclose()
        await asyncio.sleep(0.3)
        assert stream._task is None or stream._task.done()
        again = stream.events()
        await anext(again)
        assert parsed(await anext(again))[0] == "hello"
        await again.aclose()
        await stream.close()


async def test_who_does_not_keep_up_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "WAITING", 2)
    many = Channels(tmp_path / "lab", 2)
    with many.store() as store:
        many.add(store)
        stream = Stream(LabSource(many.lab))
        news = stream.events()
        await anext(news)
        for _ in range(6):
            many.add(store)
            await asyncio.sleep(0.1)
        assert [parsed(message)[0] async for message in news] == ["hello"]
        await stream.close()


def test_twins_and_campaigns_are_news_by_name_only(tmp_path):
    twins = tmp_path / "twins"
    twins.mkdir()
    (twins / "a-0001-cycling-1.json").write_text("{}")
    source = LabSource(tmp_path)
    first = Glance.at(source)
    assert first.news(first) == []
    os.utime(twins / "a-0001-cycling-1.json", ns=(1, 1))
    assert Glance.at(source).news(first) == [("twins", {"a-0001-cycling-1": 1})]
    assert Glance(first.bench, {"c": 4}).news(Glance(first.bench, {"c": 3})) == [("campaigns", {"c": 4})]


def test_a_message_is_one_event_whatever_is_in_it():
    assert event("bench", {"text": "a\n\nevent: evil\ndata: x\r\u2028"}).count(b"\n") == 3


async def test_no_failure_of_a_look_ends_the_news(tmp_path, monkeypatch, caplog):
    many = Channels(tmp_path / "lab", 1)
    with many.store() as store:
        many.add(store)
        stream, news = await listening(many.lab)
        with monkeypatch.context() as broken:
            broken.setattr(streams, "bench_view", lambda _source: 1 / 0)
            await asyncio.sleep(0.2)
        many.add(store)
        assert (await next_news(news, "bench"))["channels"][0]["cycle"] == 2
        assert "ZeroDivisionError" in caplog.text
        await stream.close()


async def test_looks_are_never_too_far_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "SHARE", 1e9)
    monkeypatch.setattr(streams, "LONGEST_S", 0.05)
    many = Channels(tmp_path / "lab", 1)
    with many.store() as store:
        many.add(store)
        stream, news = await listening(many.lab)
        for cycle in (2, 3):
            many.add(store)
            assert (await next_news(news, "bench"))["channels"][0]["cycle"] == cycle
        await stream.close()


async def test_a_lab_that_cannot_be_read_now_is_looked_at_again(tmp_path):
    (tmp_path / "telemetry.db").write_bytes(b"this is no database, but it was here before one was" * 50)
    stream = Stream(LabSource(tmp_path))
    news = stream.events()
    await anext(news)
    kind, hello = parsed(await anext(news))
    assert (kind, hello["bench"]["channels"]) == ("hello", [])
    (tmp_path / "telemetry.db").unlink()
    many = Channels(tmp_path, 1)
    with many.store() as store:
        many.add(store)
        assert (await next_news(news, "bench"))["channels"][0]["key"] == "holder_000"
    await stream.close()
