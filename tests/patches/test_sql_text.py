"""What is recorded of a statement's text: its shape, and never a value that was written into it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_tracer.patches.sql_text import (
    ANSI,
    MAX_TEXT,
    MYSQL,
    POSTGRESQL,
    SQLITE,
    UNKNOWN,
    sanitized,
)

DIALECTS = (POSTGRESQL, MYSQL, SQLITE, ANSI, UNKNOWN)
SECRET = "s3cr3t"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", "SELECT ?"),
        ("select a1, b_2 from t3 where c=-4 and d > 5.5e-3", "select a1, b_2 from t3 where c=-? and d > ?"),
        ("WHERE a='x' AND b = 'it''s'", "WHERE a=? AND b = ?"),
        ("VALUES (.5, 0xFF, 1_000)", "VALUES (?, ?, ?)"),
        ("WHERE a = %s AND b = %(name)s AND c = ? AND d = :name", None),
        ("WHERE a = $1 AND b = ?2 AND c = @v3", None),
        ("SELECT /* hint 'x */ a -- it's\nFROM t", "SELECT   a \nFROM t"),
        ("SELECT 'a\\\\', 'b'", "SELECT ?, ?"),
        ("", ""),
    ],
)
def test_literals_become_question_marks(dialect: str, statement: str, expected: str | None) -> None:
    assert sanitized(statement, dialect) == (statement if expected is None else expected)


@pytest.mark.parametrize(
    ("dialect", "statement", "expected"),
    [
        (POSTGRESQL, r"SELECT E'it\'s', e'\\', 'x'", "SELECT E?, e?, ?"),
        (POSTGRESQL, "SELECT $$it's$$, $tag$ $$ $tag$, $1, a$b$c", "SELECT ?, ?, $1, a$b$c"),
        (POSTGRESQL, 'SELECT a[1:2], b #> \'p\', "Order"."id"', 'SELECT a[?:?], b #> ?, "Order"."id"'),
        (POSTGRESQL, "SELECT U&'d\\0061t', B'101', 'a'::text", "SELECT U&?, B?, ?::text"),
        (MYSQL, "SELECT `a b`, \"text\", x'AB', _utf8mb4'c'", "SELECT `a b`, ?, x?, _utf8mb4?"),
        (MYSQL, "SELECT a # it's\n, 5--1, 'x' -- y", "SELECT a \n, ?--?, ?"),
        (SQLITE, "SELECT [a b], `c`, \"d\", ?1, @v, 'x'", 'SELECT [a b], `c`, "d", ?1, @v, ?'),
        (ANSI, "SELECT [a b].[c] FROM t WHERE d[1] = 2", "SELECT [a b].[c] FROM t WHERE d[?] = ?"),
        (UNKNOWN, 'SELECT `a`, "text" FROM t', "SELECT `a`, ? FROM t"),
    ],
)
def test_each_dialect_has_literals_and_names_of_its_own(dialect: str, statement: str, expected: str) -> None:
    assert sanitized(statement, dialect) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT 'C:\\', '{SECRET}'",  # the first one ends, or goes on, by a setting of the server
        f"SELECT 'it\\'s {SECRET}'",
        f"SELECT 'never closed {SECRET}",
        f"SELECT /* never closed {SECRET}",
        f"SELECT /* /* */ '{SECRET}' */ '",
        f"SELECT /*! '{SECRET}' */ 1",
        f"SELECT q'[it's {SECRET}]'",
        f"SELECT 1 -- {SECRET}",
        f"SELECT '{'x' * 20_000}{SECRET}'",
    ],
)
def test_what_follows_a_doubt_is_left_out(dialect: str, statement: str) -> None:
    assert SECRET not in sanitized(statement, dialect)


def test_what_does_not_look_like_a_name_is_none() -> None:
    statement = 'SELECT * FROM t WHERE a = "some.one@example.com"'

    assert sanitized(statement, SQLITE) == "SELECT * FROM t WHERE a = ?"


def test_bytes_are_read_as_text() -> None:
    assert sanitized("SELECT 'é', ü".encode(), POSTGRESQL) == "SELECT ?, ü"
    assert sanitized(b"SELECT \xff", POSTGRESQL) == "SELECT \ufffd"


@pytest.mark.parametrize("size", [MAX_TEXT + 1, 1_000_000])
def test_a_long_statement_is_cut(size: int) -> None:
    text = sanitized("SELECT " + "a, " * (size // 3), POSTGRESQL)

    assert len(text) <= MAX_TEXT + 4
    assert text.endswith(" ...")


@pytest.mark.parametrize("dialect", DIALECTS)
@given(
    before=st.lists(
        st.sampled_from(
            ["SELECT a", "'x'", "'it''s'", "5", " -- c\n", "/* c */", " AND b = ", "%s", "$1", "(", "\n"]
        )
    ),
    after=st.text(),
)
@example(before=[], after="'")
def test_a_value_between_quotes_never_shows(dialect: str, before: list[str], after: str) -> None:
    statement = f"{' '.join(before)} '{SECRET}' {after.replace(SECRET, '')}"

    assert SECRET not in sanitized(statement, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=st.text(st.sampled_from("'\"`[]$#-/*\\ aE1.,?\n"), max_size=200))
def test_any_text_is_read_to_its_end(dialect: str, text: str) -> None:
    assert len(sanitized(text, dialect)) <= 2 * len(text) + 4


def test_text_made_to_confuse_is_read_within_the_bound() -> None:
    pieces = [
        "'",
        "''",
        '"',
        "`",
        "[",
        "[a]",
        "$",
        "$a$",
        "--",
        "/*",
        "*/",
        "1",
        "1e+",
        "\\'",
        "E'",
        "#",
        " .5",
        "-",
    ]

    read = [len(sanitized(piece * 8_000, dialect)) for piece, dialect in product(pieces, DIALECTS)]

    assert max(read) <= MAX_TEXT + 4
