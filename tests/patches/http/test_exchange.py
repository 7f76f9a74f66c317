"""What the HTTP patches share: URLs, rules, headers, and errors of our own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tracer import guard
from lambda_tracer.patches import nesting
from lambda_tracer.patches.http import exchange as http_exchange
from lambda_tracer.patches.http import ignored as http_ignored
from lambda_tracer.patches.http.address import Address
from lambda_tracer.patches.http.exchange import whole_url, with_headers
from tests.daemon import Daemon
from tests.patches.http.calls import NAME, Patched, the_call


class TestAddress:
    @pytest.mark.parametrize(
        ("text", "url", "host", "path", "target"),
        [
            ("http://Host/a?b#c", "http://Host/a", "host", "/a", "/a?b"),
            ("https://host:8443", "https://host:8443", "host", "/", "/"),
            ("http://user:pw@host:80/a@b", "http://host:80/a@b", "host", "/a@b", "/a@b"),
            ("http://host?a=/b", "http://host", "host", "/", "/?a=/b"),
            ("http://host#a?b", "http://host", "host", "/", "/"),
            ("http://user:p@w@host/", "http://host/", "host", "/", "/"),
            ("http://[::1]:8080/a", "http://[::1]:8080/a", "::1", "/a", "/a"),
            ("http://user:pw@[::1]/", "http://[::1]/", "::1", "/", "/"),
            (
                "http+unix://%2Fvar%2Frun.sock/a",
                "http+unix://%2Fvar%2Frun.sock/a",
                "%2fvar%2frun.sock",
                "/a",
                "/a",
            ),
            ("/only/path?q", "/only/path", "", "/only/path", "/only/path?q"),
            ("", "", "", "/", "/"),
            ("http://[broken/", "http://[broken/", "broken", "/", "/"),
        ],
    )
    def test_parts_of_a_url(self, text: str, url: str, host: str, path: str, target: str) -> None:
        address = Address(text)

        assert (address.url, address.host, address.path, address.target) == (url, host, path, target)

    @pytest.mark.parametrize("password", ["x/SECRET", "x?SECRET", "x#SECRET", "/SECRET", "x/SECRET/x"])
    def test_no_credentials_with_a_delimiter_in_them_are_left(self, password: str) -> None:
        address = Address(f"http://user:{password}@host:8080/path?query")

        assert "SECRET" not in address.url
        assert "SECRET" not in address.target

    def test_a_path_may_have_an_at_sign(self) -> None:
        address = Address("http://host:8080/@user/posts?mail=a@b")

        assert address.url == "http://host:8080/@user/posts"
        assert address.target == "/@user/posts?mail=a@b"

    @given(
        user=st.text(st.characters(codec="ascii", exclude_characters="/?#")),
        password=st.text(st.characters(codec="ascii", exclude_characters="/?#"), min_size=1),
        path=st.text("abc/:@", max_size=5),
    )
    def test_no_credentials_are_left_in_a_url(self, user: str, password: str, path: str) -> None:
        address = Address(f"http://{user}:{password}@host/{path}?{password}#{password}")

        assert (address.url, address.host) == (f"http://host/{path}", "host")

    @pytest.mark.parametrize(
        ("scheme", "host", "port", "target", "url"),
        [
            ("http", "host", 80, "/a", "http://host/a"),
            ("https", "host", 443, "/a?b", "https://host/a?b"),
            ("http", "host", 443, "/", "http://host:443/"),
            ("http", "host", None, "/", "http://host/"),
            ("http", "::1", 8080, "/", "http://[::1]:8080/"),
            ("http", "proxy", 3128, "http://other/a", "http://other/a"),
            ("http", "host", 80, "/go?to=http://other/", "http://host/go?to=http://other/"),
            ("http", "host", 80, b"/bytes", "http://host/bytes"),
            ("http", "host", 80, "*", "http://host*"),
        ],
    )
    def test_the_url_of_a_request_over_a_connection(
        self, scheme: str, host: str, port: int | None, target: Any, url: str
    ) -> None:
        assert whole_url(scheme, host, port, target) == url

    def test_a_call_without_a_host_has_the_name_that_the_sdk_gives_it(self, daemon: Daemon) -> None:
        nesting.run(begun("/path"), lambda: None)

        assert the_call(daemon)["name"] == "UNKNOWN HOST"


class TestRules(Patched):
    def test_rules_add_up_until_they_are_reset(self) -> None:
        http_ignored.ignore_endpoint(hostname="One")
        http_ignored.ignore_endpoint(urls=["/two"])

        def ignored() -> list[bool]:
            return [
                http_ignored.is_ignored(Address(url)) for url in ("http://one/a", "http://b/two", "http://b/")
            ]

        before = ignored()
        http_ignored.reset()

        assert before == [True, True, False]
        assert ignored() == [False, False, False]

    def test_a_single_text_is_one_url(self) -> None:
        http_ignored.ignore_endpoint(urls="/health")

        assert http_ignored.is_ignored(Address("http://a/health"))
        assert not http_ignored.is_ignored(Address("http://a/h"))

    def test_one_that_is_there_is_not_added_again(self) -> None:
        """A Tracer made in every invocation adds its rules each time."""
        for _ in range(3):
            http_ignored.ignore_endpoint(hostname="one", urls=["/a"])

        assert len(http_ignored._rules) == 1

    def test_only_the_address_of_the_runtime_api_is_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Extensions listen beside it: calling them is the function's own doing."""
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")

        assert http_ignored.is_ignored(Address("http://127.0.0.1:9001/2018-06-01/runtime/init/error"))
        assert not http_ignored.is_ignored(Address("http://127.0.0.1:2773/secretsmanager/get"))


OURS = {NAME: "ours", "traceparent": "ours", "tracestate": "ours", "baggage": "ours"}


class TestHeaders:
    def test_a_copy_carries_the_header(self) -> None:
        headers = {"x-amzn-TRACE-id": "mine", b"X-Amzn-Trace-Id": "bytes", "X-Other": "1"}

        copy = with_headers(headers, {NAME: "ours"})

        assert copy == {"X-Other": "1", "X-Amzn-Trace-Id": "ours"}
        assert len(headers) == 3

    @pytest.mark.parametrize(
        ("given", "lacking"),
        [
            ({}, "X-Amzn-Trace-Id traceparent tracestate baggage"),
            ({"TraceParent": "mine"}, "X-Amzn-Trace-Id baggage"),
            ({b"traceparent": b"mine", "BAGGAGE": "mine"}, "X-Amzn-Trace-Id"),
            ({"tracestate": "mine"}, "X-Amzn-Trace-Id traceparent baggage"),
        ],
    )
    def test_w3cs_headers_that_are_there_stay_and_a_tracestate_goes_with_no_traceparent_but_its_own(
        self, given: dict[Any, Any], lacking: str
    ) -> None:
        assert with_headers(given, OURS) == {**given, **dict.fromkeys(lacking.split(), "ours")}

    def test_with_nothing_to_carry_the_very_same_headers_are_sent(self) -> None:
        headers = {"X-Other": "1"}

        assert with_headers(headers, {}) is headers
        assert with_headers(None, {}) is None
        assert with_headers(None, {NAME: "ours"}) == {"X-Amzn-Trace-Id": "ours"}


class Unreadable:
    """An answer's headers that break whoever looks at them."""

    def get(self, name: str) -> str:
        raise RuntimeError("no")


def begun(url: str) -> http_exchange.Exchange:
    exchange = http_exchange.new_exchange("requests", "send", object(), "GET", url)
    assert exchange is not None
    return exchange


class TestOurOwnErrors:
    @pytest.fixture(autouse=True)
    def _caught_as_in_production(self) -> Iterator[None]:
        guard.reraise = False
        yield
        guard.reraise = True

    def test_an_error_while_describing_does_not_reach_the_caller(
        self, daemon: Daemon, caplog: pytest.LogCaptureFixture
    ) -> None:
        nesting.run(begun("http://host/"), lambda: SimpleNamespace(status=200, headers=Unreadable()))

        assert the_call(daemon)["http"]["response"]["status"] == 200
        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    def test_a_url_that_has_no_text_is_called_unpatched(self, daemon: Daemon) -> None:
        class Url:
            def __str__(self) -> str:
                raise RuntimeError("no")

        assert http_exchange.new_exchange("requests", "send", object(), "GET", Url()) is None

    def test_headers_that_cannot_be_copied_are_sent_as_they_are(self) -> None:
        headers = Unreadable()

        assert with_headers(headers, OURS) is headers

    @pytest.mark.parametrize("length", ["5, 5", "-1", "five", "", "٣", 5, None])
    def test_a_length_that_is_none_is_left_out(
        self, daemon: Daemon, caplog: pytest.LogCaptureFixture, length: Any
    ) -> None:
        answer = SimpleNamespace(status=200, headers={"Content-Length": length})
        nesting.run(begun("http://host/"), lambda: answer)

        assert the_call(daemon)["http"]["response"] == {"status": 200}
        assert caplog.records == []

    @pytest.mark.parametrize("answer", [object(), None, SimpleNamespace(status="200", headers=None)])
    def test_a_status_that_is_none_is_left_out(self, daemon: Daemon, answer: Any) -> None:
        nesting.run(begun("http://host/"), lambda: answer)

        assert "response" not in the_call(daemon)["http"]


def test_where_there_is_neither_a_recording_nor_a_header_nothing_is_done(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")

    assert http_exchange.new_exchange("requests", "send", object(), "GET", "http://host/") is None
