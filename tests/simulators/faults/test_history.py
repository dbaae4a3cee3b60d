"""What is remembered of faults that are over, in the file of the world."""

from galvanaut.simulators.faults.history import occurrences


def test_faults_are_remembered_with_their_times_and_what_they_spoilt(open_host, tmp_path):
    host = open_host()
    began = host.bench.clock.now()
    for sentence in ("dropped reply on lcr for 2 times", "door open on chamber for 60 s", "dead peer on smu after 1 h"):
        host.inject(sentence)
    for _ in range(3):
        host.ask("lcr", ":FREQ?")
    host.pass_time(100)
    host.bench.close()
    host = open_host()
    host.inject("over-voltage trip on smu")
    host.bench.close()
    found = {each.fault.fault: each for each in occurrences(tmp_path / "world")}
    dropped, door, dead, trip = (
        found[kind] for kind in ("dropped reply", "door open", "dead peer", "over-voltage trip")
    )
    assert (dropped.begun_at, dropped.hits) == (began, 2)
    assert dropped.ended_at is not None
    assert (door.ended_at - door.begun_at, door.hits) == (60.0, None)
    assert (dead.begun_at, dead.ended_at, dead.hits) == (None, None, 0)
    assert trip.begun_at == trip.ended_at > door.ended_at
    assert [each.begun_at is None for each in occurrences(tmp_path / "world")] == [False, False, False, True]


def test_faults_that_were_cleared_before_they_came_are_none(open_host, tmp_path):
    host = open_host()
    host.inject("dead peer on smu after 1 h")
    host.bench.clear_faults()
    host.bench.close()
    assert occurrences(tmp_path / "world") == []


def test_a_world_without_faults_has_none(open_host, tmp_path):
    open_host().bench.close()
    assert occurrences(tmp_path / "world") == []
