"""Work orders: placed once, answered once, whoever asks in whichever process; an answer has to make sense."""

import logging

import pytest

from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.instruments.orders import Answer, Asked, Choice, Order, OrderBook

MASS = Asked("electrolyte", "mg", 16.0, 120.0)
BUILD = Order(
    job="demo/0001/assemble/1",
    title="Build cell A-1 and put it into holder_1",
    facts={"cell": "A-1", "recipe as made": "EC 0.3 | DMC 0.7"},
    steps=("Fill in 40 uL.", "Close it."),
    asks=(MASS,),
)
TAKE = Order("demo/0001/unload/1", "Take cell A-1 out of holder_1", {"cell": "A-1"}, ("Take it out.",))


@pytest.fixture
def book(tmp_path):
    """Each call is another process."""
    return lambda: OrderBook(EventLog(open_engine(tmp_path / "station.db"), "orders"), tmp_path / "orders")


@pytest.mark.parametrize(("text", "value"), [("49 mg", 49.0), ("0.049 g", 49.0), ("16 mg", 16.0), ("120000 ug", 120.0)])
def test_a_mass_in_any_unit(text, value):
    assert MASS.read(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("49", "has no unit"),
        ("49 uL", "dimension"),
        ("49 g", "'49 g' is not plausible; expected 16 to 120 mg. Is a unit or the point wrong?"),
        ("4.9 mg", "not plausible"),
        ("-49 mg", "not plausible"),
        ("some", "not a number"),
        ("", "not a number"),
    ],
)
def test_what_is_no_mass_or_not_plausible(text, words):
    with pytest.raises(ValueError, match=words):
        MASS.read(text)


def test_an_order_asks_for_what_it_asks_for():
    assert BUILD.values({"electrolyte": "49 mg"}) == {"electrolyte": 49.0}
    assert TAKE.values({}) == {}
    with pytest.raises(
        ValueError, match=r"--electrolyte is missing \(16 to 120 mg\); answer with: galvanaut answer demo"
    ):
        BUILD.values({})
    with pytest.raises(ValueError, match=r"--electrolyte was not asked for; answer with: .* --done"):
        TAKE.values({"electrolyte": "49 mg"})


def test_an_order_comes_back_from_the_book_as_it_was(book):
    book().place(BUILD, 100.0)
    book().place(TAKE, 200.0)
    assert [(each.order, each.at, each.answer) for each in book().all()] == [(BUILD, 100.0, None), (TAKE, 200.0, None)]
    assert book().find("demo/0009/assemble/1") is None


def test_an_order_is_told_and_laid_down_as_a_page(book, caplog):
    with caplog.at_level(logging.WARNING):
        book().place(BUILD, 0.0)
    assert "WORK ORDER demo/0001/assemble/1: Build cell A-1 and put it into holder_1 (cell: A-1, " in caplog.text
    path = book().path(BUILD.job)
    assert path.name == "demo.0001.assemble.1.md"
    page = path.read_text(encoding="utf-8")
    assert page.startswith(
        "# Build cell A-1 and put it into holder_1\nWork order of job `demo/0001/assemble/1`, placed 1970"
    )
    for line in (
        "- recipe as made: EC 0.3 | DMC 0.7",
        "2. Close it.",
        "- electrolyte: ________ mg (plausible: 16 to 120 mg)",
    ):
        assert f"\n{line}\n" in page
    assert 'galvanaut answer demo/0001/assemble/1 --electrolyte "... mg"\n' in page


def test_names_that_differ_only_in_their_joints_have_pages_of_their_own(book):
    assert book().path("a-1/0001/x/1") != book().path("a/0001/1-x/1") != book().path("a_1/0001/x/1")


def test_an_order_that_stands_is_told_again_and_not_placed_again(book, caplog):
    book().place(BUILD, 100.0)
    caplog.clear()
    book().place(BUILD, 900.0)
    assert caplog.text.count("WORK ORDER") == 1
    assert [each.at for each in book().all()] == [100.0]
    book().answer(BUILD.job, Answer(950.0, {"electrolyte": 49.0}))
    caplog.clear()
    book().place(BUILD, 1000.0)
    assert "WORK ORDER" not in caplog.text


def test_the_first_answer_stands_and_the_second_is_told_what_it_was(book):
    book().place(BUILD, 100.0)
    book().answer(BUILD.job, Answer(160.0, {"electrolyte": 49.0}))
    with pytest.raises(
        InputError,
        match=r"job demo/0001/assemble/1: was answered already, 1970-01-01 00:02 UTC "
        r"\(electrolyte 49 mg\); that stands",
    ):
        book().answer(BUILD.job, Answer(170.0, {}, "leaks"))
    assert book().find(BUILD.job).answer == Answer(160.0, {"electrolyte": 49.0})
    assert "**Answered 1970-01-01 00:02 UTC: electrolyte 49 mg**" in book().path(BUILD.job).read_text("utf-8")


def test_of_two_answers_at_once_only_one_is_taken(book):
    """Both have looked before either has written."""
    book().place(TAKE, 100.0)
    one, other = book(), book()
    find, looks = other.find, []

    def looks_too_early(job):
        looks.append(job)
        found = find(job)
        if len(looks) == 1:
            one.answer(TAKE.job, Answer(150.0))
        return found

    other.find = looks_too_early
    with pytest.raises(InputError, match=r"was answered already, .* \(done\); that stands"):
        other.answer(TAKE.job, Answer(151.0, {}, "stuck"))
    assert book().find(TAKE.job).answer == Answer(150.0)
    assert "stuck" not in book().path(TAKE.job).read_text("utf-8")


def test_an_answer_to_nothing(book):
    with pytest.raises(InputError, match="job demo/0001/x/1: has no work order"):
        book().answer("demo/0001/x/1", Answer(1.0))


def test_a_page_that_cannot_be_written_holds_nothing_up(book, tmp_path, caplog):
    (tmp_path / "orders").write_text("a file where the folder should be", encoding="utf-8")
    book().place(TAKE, 100.0)
    assert "cannot be written" in caplog.text
    book().answer(TAKE.job, Answer(150.0))
    assert book().find(TAKE.job).answer is not None


DOUBT = Order(
    "demo/0001/dose-DMC/1",
    "Settle a doubt",
    {"why": "power"},
    ("Look.",),
    choices=(Choice("moved", "It was moved", (MASS,)), Choice("nothing", "Nothing was moved")),
    deadline_s=3600.0,
    reminder_s=600.0,
    is_simulated=True,
)


def test_an_order_with_choices_comes_back_as_it_was_and_so_does_its_answer(book):
    book().place(DOUBT, 100.0)
    standing = book().find(DOUBT.job)
    assert (standing.order, standing.due_at) == (DOUBT, 3700.0)
    answer = DOUBT.reply(150.0, {"electrolyte": "49 mg"}, "moved")
    book().answer(DOUBT.job, answer)
    assert book().find(DOUBT.job).answer == answer == Answer(150.0, {"electrolyte": 49.0}, choice="moved")
    page = book().path(DOUBT.job).read_text("utf-8")
    assert "placed 1970-01-01 00:01 UTC. Wanted by 1970-01-01 01:01 UTC, by the simulated bench's clock.\n" in page
    assert "- [ ] **moved**: It was moved\n  - electrolyte: ________ mg (plausible: 16 to 120 mg)\n" in page
    assert "**Answered 1970-01-01 00:02 UTC: moved, electrolyte 49 mg**" in page


def test_an_order_of_before_there_were_choices_is_read(book):
    old = {name: BUILD.to_json()[name] for name in ("title", "facts", "steps", "asks")}
    book()._log.append(100.0, BUILD.job, "ordered", old)
    book()._log.append(150.0, BUILD.job, "answered", {"values": {"electrolyte": 49.0}, "failed": ""})
    assert book().find(BUILD.job).order == BUILD
    assert book().find(BUILD.job).answer == Answer(150.0, {"electrolyte": 49.0})
    assert book().find(BUILD.job).lateness(1e9) == ""


@pytest.mark.parametrize(
    ("now", "words"), [(100.0, "due in 60 min"), (3700.0, "due in 0 s"), (90100.0, "LATE by 24 h")]
)
def test_how_late_an_order_is(book, now, words):
    book().place(DOUBT, 100.0)
    assert book().find(DOUBT.job).lateness(now) == words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (({}, ""), "--choice is missing; answer with: galvanaut answer .* --choice moved --electrolyte"),
        (({}, "again"), "--choice again is not one of its answers"),
        (({"electrolyte": "49 mg"}, "nothing"), "--electrolyte was not asked for"),
        (({}, "", " "), "--fail says nothing"),
        (({}, "moved", "torn"), "--fail stands alone"),
    ],
)
def test_an_answer_that_makes_no_sense(arguments, words):
    with pytest.raises(ValueError, match=words):
        DOUBT.reply(0.0, *arguments)
