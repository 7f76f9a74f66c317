"""What is recorded of a statement's text: its shape, and never a value that was written into it."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_tracer.patches.sql.text import ANSI, MAX_TEXT, MYSQL, POSTGRESQL, SQLITE, UNKNOWN, sanitized

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
        (UNKNOWN, 'SELECT """it""", r"a", b"c"', "SELECT ?, r?, b?"),
        (ANSI, "SELECT $$it's$$, v$session, $1 FROM t$x", "SELECT ?, v$session, $1 FROM t$x"),
        (ANSI, "SELECT $4111.50, -$5000, $ 700, $.5 FROM t", "SELECT ?, -?, $ ?, ? FROM t"),
        (POSTGRESQL, "SELECT $12, $4111111111", "SELECT $12, ?"),
        (
            ANSI,
            'CREATE USER "bob" IDENTIFIED BY "pw" PROFILE "p"',
            'CREATE USER "bob" IDENTIFIED BY ? PROFILE "p"',
        ),
        (ANSI, 'ALTER USER bob identified by new1 replace "old"', "ALTER USER bob identified by ? replace ?"),
        (MYSQL, "CREATE USER bob IDENTIFIED WITH sha BY 'pw'", "CREATE USER bob IDENTIFIED WITH sha BY ?"),
        (SQLITE, "PRAGMA key = pw1; PRAGMA journal_mode = wal", "PRAGMA key = ?; PRAGMA journal_mode = wal"),
        (SQLITE, "PRAGMA main.rekey('pw')", "PRAGMA main.rekey(?)"),
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


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        (UNKNOWN, f"SELECT '''it's {SECRET}''', 'x'"),
        (UNKNOWN, f'SELECT """say "{SECRET} """, "x"'),
        (UNKNOWN, f"SELECT a--'x\n{SECRET}', 'b'"),
        (ANSI, f"SELECT 1 // it's\n, '{SECRET}'"),
        (ANSI, f"SELECT $${SECRET}"),
        (ANSI, f'CREATE USER bob IDENTIFIED BY "{SECRET}'),
        (SQLITE, f'SELECT * FROM t WHERE a = "{SECRET}'),
        (SQLITE, f'SELECT * FROM t WHERE a = "x""{SECRET}"'),
    ],
)
def test_what_follows_a_doubt_of_one_dialect_is_left_out(dialect: str, statement: str) -> None:
    assert SECRET not in sanitized(statement, dialect)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('select "a", "b" from "t" as "u"', None),
        ('select distinct "a" "b" from "t" "u", "v" order by "a", "b" desc', None),
        ('insert into "t" ("a", "b") values ("x", "y"), ("z", 1)', 'insert into "t" ("a", "b") values (?, ?), (?, ?)'),
        ('insert into t select "x" || a from u', "insert into t select ? || a from u"),
        ('update "t" set "a" = "x", "b" = "y" where "c" like "z"', 'update "t" set "a" = ?, "b" = ? where "c" like ?'),
        ('select * from t where "a" in ("x", "y") and "b" = "z"', 'select * from t where "a" in (?, ?) and "b" = ?'),
        ('select * from t where ("a" = "x" or "b" is not "y")', 'select * from t where ("a" = ? or "b" is not ?)'),
        ('select * from t where "a" between "x" and "y"', 'select * from t where "a" between ? and ?'),
        ('select * from t where "x" = a', "select * from t where ? = a"),
        ('select * from t where coalesce("a", "x") = "y"', "select * from t where coalesce(?, ?) = ?"),
        ('select case "a" when "x" then "y" else "z" end', "select case ? when ? then ? else ? end"),
        ('select * from "t" join "u" on "t"."a" = "u"."a"', None),
        ('select * from "t" join "u" using ("a", "b")', None),
        ('create table "t" ("a" text default "x", "b" integer, primary key ("a"))',
         'create table "t" ("a" text default ?, "b" integer, primary key ("a"))'),
        ('create unique index "i" on "t" ("a", "b")', None),
        ('create table t (a references "u" ("b"))', None),
        ('insert into t values (1) on conflict ("a") do update set "a" = "x"',
         'insert into t values (?) on conflict ("a") do update set "a" = ?'),
        ('with "c" ("a") as (select "x" from "t") select "a" from "c"', None),
        ('delete from "t" where "a" = "x" returning "a", "b"', 'delete from "t" where "a" = ? returning "a", "b"'),
        ('alter table "t" rename column "a" to "b"', None),
        ('attach "x" as "y" key "z"', 'attach ? as "y" key ?'),
        ('pragma table_info("x")', "pragma table_info(?)"),
        ('select * from t limit "x"', "select * from t limit ?"),
    ],
)  # fmt: skip
def test_in_sqlite_double_quotes_are_names_or_texts_by_where_they_stand(
    statement: str, expected: str | None
) -> None:
    assert sanitized(statement, SQLITE) == (expected or statement)


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


def _quotations(dialect: str) -> st.SearchStrategy[str]:
    """Ways of writing a text of which SECRET is a part, as the dialect has them."""
    inside = st.tuples(*[st.text(st.sampled_from("ab 5;,()=-/*#$@.\n"), max_size=5)] * 2)
    quoted = [inside.map(lambda around: f"'{around[0]}{SECRET}{around[1]}'"), st.just(f"'it''s {SECRET}'")]
    if dialect in (MYSQL, UNKNOWN, SQLITE):
        quoted += [inside.map(lambda around: f'"{around[0]}{SECRET}{around[1]}"'), st.just(f'"a""{SECRET}"')]
    if dialect in (POSTGRESQL, ANSI, UNKNOWN):
        quoted += [st.just(f"$${SECRET}$$"), st.just(f"$$it's {SECRET}$$")]
    if dialect == POSTGRESQL:
        quoted += [st.just(f"$tag$ $$ {SECRET} $tag$"), st.just(f"E'it\\'s {SECRET}'")]
    if dialect == UNKNOWN:
        quoted += [
            st.just(f"'''it's {SECRET}'''"),
            st.just(f'"""a "{SECRET}" b"""'),
            st.just(f"r'{SECRET}\\'"),
        ]
    if dialect == ANSI:
        quoted += [st.just(f"N'{SECRET}'"), st.just(f"q'[it's {SECRET}]'")]
    return st.one_of(quoted)


_TEMPLATES = (
    "select {n}, {n} as {n} from {n} where {n} = {v}",
    "select {n}.{n} from {n} {n} where {n}.{n} in ({v}, {v}, {v}) and {n} like {v} order by {n}, {n}",
    "insert into {n} ({n}, {n}) values ({v}, {v}), ({v}, {v})",
    "update {n} set {n} = {v}, {n} = {v} where {n} <> {v} or {n} between {v} and {v}",
    "delete from {n} where {n}.{n} >= {v} and ({n} = {v} or {n} is not {v})",
    "select {n} from {n} join {n} on {n}.{n} = {n}.{n} where ({n} < {v}) -- why\n and {n} = {v}",
    "select {n} from {n} where {n} = (select max(x) from {n} where {n} = {v}) and {n} = {v} limit 5",
    "insert into {n} select {n} from {n} where {n} = {v} and f({v}, 1) = {v} group by {n} having {n} > {v}",
    "with {n} as (select {n} from {n} where {n} = {v}) select {n} from {n} where {n} in ({v})",
    "create user bob identified by {v}",
)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_no_text_survives_wherever_it_stands_and_names_do(dialect: str, data: st.DataObject) -> None:
    template = data.draw(st.sampled_from(_TEMPLATES))
    values = data.draw(st.lists(_quotations(dialect), min_size=12, max_size=12))
    numbers = data.draw(st.lists(st.booleans(), min_size=12, max_size=12))
    quote = "`" if dialect in (MYSQL, UNKNOWN) else data.draw(st.sampled_from(['"', ""]))
    spaces = data.draw(st.sampled_from([" ", "\n", "\t  "]))
    statement, names, position = "", 0, 0
    for piece in re.split(r"({n}|{v})", template.replace(" ", spaces)):
        if piece == "{n}":
            statement += f"{quote}name_{names}{quote}"
            names += 1
        elif piece == "{v}":
            statement += "4s3cr3t" if numbers[position] else values[position]
            position += 1
        else:
            statement += piece

    shown = sanitized(statement, dialect)

    assert SECRET not in shown, statement
    expected = re.findall(r"name_\d+", statement)
    if not shown.endswith("..."):
        assert re.findall(r"name_\d+", shown) == expected, statement
