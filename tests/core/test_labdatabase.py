"""Addresses of labs on a server: their form, what a folder says, and passwords that go nowhere."""

import json

import pytest
import sqlalchemy as sa

from galvanaut.core.errors import InputError
from galvanaut.core.labdatabase import FILE, VARIABLE, address, note, noted_in, password_for, usual

NORTH = "postgresql+psycopg://me@there:5433/lab?lab=north&sslmode=verify-full"
SECRET = "geheim"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me@there:5433/lab?sslmode=verify-full&lab=north",
        "postgres://me@there:5433/lab?lab=north&sslmode=verify-full",
        f"postgresql://me:{SECRET}@there:5433/lab?lab=north&sslmode=verify-full",
        f"postgresql://me@there:5433/lab?lab=north&sslmode=verify-full&password={SECRET}",
    ],
)
def test_an_address_has_one_form_and_no_password_in_it(text):
    assert usual(text, "here", may_hold_password=True) == NORTH


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not an address of the form"),
        ("lab.db", "is not an address of the form"),
        (f"postgresql://me:{SECRET}@there:port/lab?lab=north", "is not an address of the form"),
        (f"mysql://me:{SECRET}@there/lab?lab=north", r"is not .*; for SQLite leave it out"),
        (f"postgresql://me:{SECRET}@there/?lab=north", "is not an address"),
        (f"postgresql://me:{SECRET}@there/lab", "does not say which lab it is; end it with "),
        (f"postgresql://me:{SECRET}@there/lab?lab=north;drop", "does not say which lab"),
        (f"postgresql://me:{SECRET}@there/lab?lab=north&lab=south", "does not say which lab"),
        (f"postgresql://me:{SECRET}@there/lab?lab=north", "holds a password"),
        (f"postgresql://me@there/lab?lab=north&password={SECRET}", "holds a password"),
    ],
)
def test_what_is_no_address_is_refused_and_not_quoted(text, message):
    with pytest.raises(InputError, match=f"^--database: {message}") as found:
        usual(text, "--database")
    assert SECRET not in str(found.value)


def test_a_folder_says_where_its_lab_is(tmp_path, monkeypatch):
    assert address(tmp_path) is None
    note(tmp_path, NORTH)
    assert (
        address(tmp_path) == address(tmp_path, "postgresql://me@there:5433/lab?sslmode=verify-full&lab=north") == NORTH
    )
    monkeypatch.setenv(VARIABLE, f"postgresql://me:{SECRET}@there:5433/lab?lab=north&sslmode=verify-full")
    assert address(tmp_path) == NORTH


def test_the_environment_says_it_where_the_folder_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, f"postgresql://me:{SECRET}@there:5433/lab?lab=north&sslmode=verify-full")
    assert address(tmp_path / "missing") == NORTH
    assert address(tmp_path, "postgresql://me@there/lab?lab=south").endswith("south")  # an option comes first


def test_a_lab_does_not_change_its_place(tmp_path, monkeypatch):
    (tmp_path / "ledger.db").touch()
    with pytest.raises(
        InputError, match=r"--database: names .*lab=south, but .* holds a lab that is kept in files there"
    ):
        address(tmp_path, "postgresql://me@there/lab?lab=south")
    note(tmp_path, NORTH)
    monkeypatch.setenv(VARIABLE, f"postgresql://me:{SECRET}@there/lab?lab=south")
    with pytest.raises(InputError, match=f"{VARIABLE}: names .*lab=south, but .* is kept in .*lab=north") as found:
        address(tmp_path)
    assert SECRET not in str(found.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '"postgresql://x"',
        '{"url": 3}',
        '{"url": "lab.db"}',
        '{"url": "postgresql://a:geheim@b/c?lab=d"}',
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(InputError, match=FILE) as found:
        noted_in(tmp_path)
    assert SECRET not in str(found.value)


def test_the_password_of_the_environment_is_for_its_own_address_only(monkeypatch):
    monkeypatch.setenv(VARIABLE, f"postgresql://me:{SECRET}@there:5433/lab?lab=north&sslmode=verify-full")
    assert password_for(sa.make_url(NORTH)) == SECRET
    for other in ("me@elsewhere:5433", "you@there:5433", "me@there:5434"):
        assert password_for(sa.make_url(NORTH.replace("me@there:5433", other))) is None
    monkeypatch.delenv(VARIABLE)
    assert password_for(sa.make_url(NORTH)) is None


def test_what_is_kept_in_a_folder_has_no_password(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, f"postgresql://me:{SECRET}@there/lab?lab=north")
    note(tmp_path, address(tmp_path))
    assert json.loads((tmp_path / FILE).read_text()) == {"url": "postgresql+psycopg://me@there/lab?lab=north"}
