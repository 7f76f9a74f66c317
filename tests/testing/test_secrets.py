"""Secrets are found in every spelling, wherever they are, and the message does not tell them."""

from __future__ import annotations

import base64
import html
import json
import random
import unicodedata
from typing import Any
from urllib.parse import quote, quote_plus

import hypothesis
import pytest
from hypothesis import strategies

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.testing.traces import Traces
from tests.daemon import Daemon
from tests.testing.sent import made, sent

SECRET = 'hunter2 & "Pä/ß?word+\\'


def with_text(value: Any) -> Traces:
    """A trace with that value in its metadata."""
    return made({"id": "0" * 16, "name": "a", "metadata": {"shop": {"value": value}}})


def is_found(value: Any, secret: str | bytes) -> bool:
    try:
        with_text(value).assert_no_secrets(secret)
    except AssertionError:
        return True
    return False


def unicode_escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


SPELLINGS = {
    "plain": SECRET,
    "in a text": f"login with {SECRET} failed",
    "upper": SECRET.upper(),
    "lower": SECRET.lower(),
    "quote": quote(SECRET, safe=""),
    "quote, slashes kept": quote(SECRET),
    "quote_plus": quote_plus(SECRET),
    "quote, twice": quote(quote(SECRET)),
    "quote_plus in quote": quote(quote_plus(SECRET)),
    "in a query": f"https://example.com/?a=1&password={quote_plus(SECRET)}&b=2",
    "JSON": json.dumps({"password": SECRET}),
    "JSON, not ASCII": json.dumps({"password": SECRET}, ensure_ascii=False),
    "JSON in JSON": json.dumps({"body": json.dumps({"password": SECRET})}),
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps(SECRET))),
    "JSON that was cut off": json.dumps({"password": SECRET, "more": "x"})[:-8],
    "all of it escaped": unicode_escaped(SECRET),
    "repr": repr({"password": SECRET}),
    "HTML": html.escape(f"<b>{SECRET}</b>"),
    "URL in JSON": json.dumps({"url": quote(SECRET)}),
    "JSON in a URL": quote(json.dumps({"password": SECRET})),
    "hex": SECRET.encode().hex(),
    "HEX": f"0x{SECRET.encode().hex().upper()}",
    **{
        f"base64, {before} bytes before and {after} behind": base64.b64encode(
            b"x" * before + SECRET.encode() + b"y" * after
        ).decode()
        for before in range(4)
        for after in range(3)
    },
    "URL-safe base64": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "URL-safe base64 without padding": base64.urlsafe_b64encode(b">?" + SECRET.encode()).decode().rstrip("="),
    "base64 in lines": base64.encodebytes(b"x" * 50 + SECRET.encode() * 3).decode(),
    "base64 in a URL": quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
    "base64 in base64": base64.b64encode(
        b'{"authorization": "Basic ' + base64.b64encode(b"user:" + SECRET.encode()) + b'"}'
    ).decode(),
    "decomposed": unicodedata.normalize("NFD", SECRET),
    "escaped for the whole of Unicode": "".join(f"\\U{ord(character):08x}" for character in SECRET),
    "Basic authorization": "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "cut off": f"{'x' * 200} login with {SECRET[:15]}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_found_in_every_spelling(spelling: str) -> None:
    traces = with_text(SPELLINGS[spelling])

    with pytest.raises(AssertionError) as error:
        traces.assert_no_secrets("not in it", SECRET)

    assert str(error.value).startswith("what is secret was sent:\n  text 2 of 2 (22 characters) is, ")
    assert str(error.value).endswith(", in a: metadata.shop.value")
    assert SECRET not in str(error.value)
    assert not is_found(SPELLINGS[spelling], "swordfish")


@pytest.mark.parametrize(
    "number",
    ["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", " 4111.1111.1111.1111"],
)
@pytest.mark.parametrize(
    "value",
    [
        *("4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", "card 4111/1111/1111/1111."),
        *(4111111111111111, 4111111111111111.0, "4111\u00a01111\u20111111 1111", "4111+1111+1111+1111"),
        *("4111%201111%201111%201111", '{"card": "4111 1111 1111 1111"}'),
    ],
)
def test_digits_are_found_whatever_separates_them(number: str, value: Any) -> None:
    assert is_found(value, number)
    assert not is_found(value, "4111 1111 1111 1112")
    assert not is_found(value, "5111 1111")


@pytest.mark.parametrize("secret", [b"hunter2", b"\xff\x00\x01\x02key"])
def test_bytes_are_found_as_text_and_encoded(secret: bytes) -> None:
    values = [base64.b64encode(b"ab" + secret).decode(), secret.hex(), repr(secret), list(secret)]

    assert [value for value in values if not is_found(value, secret)] == []
    assert not is_found("nothing", secret)


def test_it_is_found_wherever_it_is(daemon: Daemon) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_method
    def charge(card: str) -> dict[str, Any]:
        tracer.put_annotation("Card", card)
        tracer.put_metadata("cards", [{"number": card}, {card: 1}])
        with xray_recorder.in_subsegment(f"card {card}") as subsegment:
            subsegment.put_http_meta("url", f"https://example.com/{card}")
            subsegment.set_sql({"sanitized_query": f"SELECT {card}"})
        raise ValueError(f"card {card}")

    with pytest.raises(ValueError, match="4111"):
        charge("4111 1111 1111 1111")
    traces = sent(daemon)
    with pytest.raises(AssertionError) as error:
        traces.assert_no_secrets("4111-1111-1111-1111")

    prefix = "  text 1 of 1 (19 characters) is, with other separators, in "
    here = "## tests.testing.test_secrets.test_it_is_found_wherever_it_is.locals.charge"
    key = f'["{here[3:]} error"]'
    assert str(error.value).splitlines()[1:] == [
        f"{prefix}{here}: annotations.Card",
        f"{prefix}{here}: metadata.payment{key}.message",
        f"{prefix}{here}: metadata.payment.cards[0].number",
        f"{prefix}{here}: metadata.payment.cards[1].***",
        f"{prefix}{here}: cause.exceptions[0].message",
        f"{prefix}{here} > ***: name",
        f"{prefix}{here} > ***: http.request.url",
        f"{prefix}{here} > ***: sql.sanitized_query",
    ]
    assert "4111" not in str(error.value)


def test_documents_that_were_replaced_are_searched_too() -> None:
    traces = made(
        {"id": "0" * 16, "name": "a", "in_progress": True, "annotations": {"Card": "hunter2"}},
        {"id": "0" * 16, "name": "a"},
    )

    with pytest.raises(AssertionError, match=r"in a: annotations\.Card"):
        traces.assert_no_secrets("hunter2")


def test_lines_may_end_in_another_way() -> None:
    assert is_found("-----BEGIN-----\nabc\n", "-----BEGIN-----\r\nabc\r\n")


def test_ids_and_times_are_not_searched() -> None:
    exceptions = [{"id": "1234" * 4, "cause": "1234" * 4, "type": "ValueError"}]
    given: dict[str, Any] = {"id": "1234" * 4, "name": "a", "start_time": 1_700_001_234.0}
    links = [{"trace_id": "1-12341234-123412341234123412341234", "id": "1234" * 4}]

    made({**given, "cause": {"exceptions": exceptions}, "links": links}).assert_no_secrets("1234")
    made({**given, "cause": "1234" * 4}).assert_no_secrets("1234")
    with pytest.raises(AssertionError):
        made({"id": "0" * 16, "name": "1234"}).assert_no_secrets("1234")


@pytest.mark.parametrize("length", range(4, 12))
def test_a_short_secret_is_found_in_base64_too(length: int) -> None:
    secret = "p?ssword~~~~"[:length]

    for before in range(3):
        assert is_found(base64.b64encode(b"x" * before + secret.encode() + b"yz").decode(), secret)


def test_many_places_are_counted() -> None:
    with pytest.raises(AssertionError) as error:
        with_text(["hunter2"] * 30).assert_no_secrets("hunter2")

    lines = str(error.value).splitlines()
    assert (len(lines), lines[-1]) == (22, "  and 10 more places")


def test_a_text_is_not_mistaken_for_a_secret() -> None:
    traces = with_text(
        [
            "https://example.com/services/",
            "hunter",
            "2hunter",
            "hunter 2",
            "https://example.com/?a=%41&b=\\u0041",
            "aHVudGVy",
            "411111111111111",
        ]
    )

    traces.assert_no_secrets("hunter2", "4111 1111 1111 1111", b"\x00\x00\x00\x00")
    traces.assert_no_secrets("https://example.com/services/T01/B02/secret")


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        ((), ValueError, "at least one text"),
        (("hunter2", "abc"), ValueError, "text 2 to look for has 3 characters: fewer than 4"),
        ((b"ab",), ValueError, "text 1 to look for has 2 characters"),
        ((1234,), TypeError, "text 1 to look for must be str or bytes, not int"),
        ((None,), TypeError, "text 1 to look for must be str or bytes, not NoneType"),
    ],
)
def test_what_can_not_be_looked_for_is_refused(texts: tuple[Any, ...], kind: type, message: str) -> None:
    with pytest.raises(kind, match=message):
        with_text("a").assert_no_secrets(*texts)


def test_hostile_texts_do_not_take_long() -> None:
    """They double with each escape that is undone, or would, without bounds."""
    texts = ["%25" * 20_000, "\\\\" * 20_000, "&amp;" * 10_000, "%2525\\u005c&amp;+" * 3_000, "4 " * 30_000]

    with_text(texts).assert_no_secrets("hunter2", "4111 1111 1111 1111")


@hypothesis.given(
    strategies.text(min_size=4, max_size=20),
    strategies.lists(
        strategies.sampled_from([json.dumps, quote, quote_plus, html.escape]),
        max_size=3,
    ),
)
@hypothesis.settings(max_examples=60)
def test_any_text_is_found_through_any_escapes(text: str, escapes: list[Any]) -> None:
    hypothesis.assume(not any(mark in text for mark in "\\%&+"))  # undone, it would be another text
    shown = text
    for escape in escapes:
        shown = escape(shown)

    assert is_found(f"<{shown}>", text)


def test_random_bytes_are_found_in_base64() -> None:
    chance = random.Random(1)
    for _ in range(50):
        secret = chance.randbytes(chance.randrange(4, 40))
        around = chance.randbytes(chance.randrange(0, 9))
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            assert is_found(encode(around + secret + around).decode(), secret)
