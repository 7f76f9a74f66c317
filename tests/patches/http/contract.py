"""What every patched HTTP client does. A library supplies a `Client`; its test class inherits the behaviours."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from lambda_tracer import TraceHeader, patch, xray_recorder
from lambda_tracer.patches.http import ignored
from lambda_tracer.patches.unpatch import unpatch
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.http.calls import (
    NAME,
    Patched,
    parent_of,
    run_program,
    the_call,
    trace_header,
    traceparent_of,
    unused_port,
    w3c,
    with_incoming,
)
from tests.patches.http.server import HttpServer, Tls

CLIENTS = ("requests", "httpx", "urllib3", "aiohttp", "httplib")


class HttpContract(Patched):
    """Inherited by the test class of each library."""

    client: ClassVar[Any]

    @pytest.fixture
    def patched(self, daemon: Daemon) -> None:
        """Applies the patch; `daemon`, because its subsegments are what tests look at."""
        patch([self.client.library])

    # What is recorded

    def test_a_call_is_one_remote_subsegment_named_by_the_host(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with xray_recorder.in_subsegment("handler"):
            answer = self.client.get(server.url("/a/b"))

        assert answer.status == 200
        daemon.expect_tree(
            """
            handler
              127.0.0.1  [remote]
        """,
            namespace=True,
        )
        assert daemon.subsegment("127.0.0.1")["http"] == {
            "request": {"method": "GET", "url": server.url("/a/b")},
            "response": {"status": 200, "content_length": len(answer.body)},
        }

    @pytest.mark.parametrize(
        ("status", "flags"),
        [(404, {"error"}), (429, {"error", "throttle"}), (500, {"fault"}), (503, {"fault"})],
    )
    def test_the_status_sets_the_flags(
        self, patched: None, daemon: Daemon, server: HttpServer, status: int, flags: set[str]
    ) -> None:
        answer = self.client.get(server.url(f"/status/{status}"))

        call = the_call(daemon)
        assert answer.status == status
        assert call["http"]["response"]["status"] == status
        assert {flag for flag in ("error", "throttle", "fault") if call.get(flag)} == flags
        assert "cause" not in call

    @pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
    def test_the_method_is_recorded_in_upper_case(
        self, patched: None, daemon: Daemon, server: HttpServer, method: str
    ) -> None:
        self.client.get(server.url(), method=method)

        assert the_call(daemon)["http"]["request"]["method"] == method
        assert server.last.method == method

    def test_credentials_query_and_fragment_are_not_recorded(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        url = server.url("/path?token=hidden-query#hidden-fragment")
        if (
            self.client.library != "httplib"
        ):  # which takes host and target, so there is no place for credentials
            url = url.replace("://", "://user:hidden-password@")

        self.client.get(url)

        assert the_call(daemon)["http"]["request"]["url"] == server.url("/path")
        assert b"hidden" not in b"".join(daemon.datagrams())
        assert "token=hidden-query" in server.last.target

    def test_the_name_is_the_host_in_lower_case_without_the_port(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        self.client.get(f"http://LocalHost:{server.port}/")

        assert the_call(daemon)["name"] == "localhost"

    def test_a_refused_connection_is_a_fault_with_its_cause(self, patched: None, daemon: Daemon) -> None:
        url = f"http://127.0.0.1:{unused_port()}/"

        with pytest.raises(Exception) as raised:
            self.client.get(url)

        call = the_call(daemon)
        assert call["fault"]
        assert call["cause"]["exceptions"][0]["type"] == raised.type.__name__
        assert "response" not in call["http"]

    def test_a_time_out_is_a_fault_with_its_cause(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with pytest.raises(Exception) as raised:
            self.client.get(server.url("/slow"), timeout_s=0.05)

        call = the_call(daemon)
        assert call["fault"]
        assert call["cause"]["exceptions"][0]["type"] == raised.type.__name__

    @pytest.mark.parametrize("answer", ["hangup", "nonsense"])
    def test_an_answer_that_is_none_is_a_fault_with_its_cause(
        self, patched: None, daemon: Daemon, server: HttpServer, answer: str
    ) -> None:
        with pytest.raises(Exception) as raised:
            self.client.get(server.url(f"/{answer}"), method="POST")

        call = the_call(daemon)
        assert call["fault"]
        assert call["cause"]["exceptions"][0]["type"] == raised.type.__name__
        assert "response" not in call["http"]

    def test_tls_is_recorded_like_any_other(self, patched: None, daemon: Daemon, tls: Tls) -> None:
        self.client.get(tls.server.url("/a"), authority=tls.authority)

        call = the_call(daemon)
        assert call["http"]["request"]["url"] == tls.server.url("/a")
        assert parent_of(tls.server) == call["id"]

    def test_a_certificate_that_is_not_trusted_is_a_fault(
        self, patched: None, daemon: Daemon, tls: Tls
    ) -> None:
        with pytest.raises(Exception) as raised:
            self.client.get(tls.server.url())

        call = the_call(daemon)
        assert call["fault"]
        assert call["cause"]["exceptions"][0]["type"] == raised.type.__name__
        assert tls.server.received == []

    def test_a_redirected_call_is_one_subsegment_with_the_last_status(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        self.client.get(server.url("/redirect/302/redirect/307/status/404"))

        call = the_call(daemon)
        assert call["http"]["request"]["url"] == server.url("/redirect/302/redirect/307/status/404")
        assert call["http"]["response"]["status"] == 404
        assert len(server.received) == 3
        assert {trace_header(received).parent for received in server.received} == {call["id"]}
        for received in server.received:
            assert w3c(received) == [("traceparent", traceparent_of(received))]

    # The header

    def test_the_request_carries_the_header_with_the_subsegment_as_parent(
        self, patched: None, daemon: Daemon, server: HttpServer, invoke: Invoke
    ) -> None:
        invocation = invoke(Lineage="1:2:3")

        with xray_recorder.in_subsegment("handler"):
            self.client.get(server.url())

        call = daemon.subsegment("127.0.0.1")
        assert server.last.trace_headers == [
            f"Root={invocation.root};Parent={call['id']};Sampled=1;Lineage=1:2:3"
        ]

    def test_an_unsampled_request_carries_its_header_and_nothing_is_recorded(
        self, patched: None, daemon: Daemon, server: HttpServer, invoke: Invoke
    ) -> None:
        invocation = invoke(sampled=0, Lineage="1:2:3")

        assert self.client.get(server.url()).status == 200

        assert server.last.trace_headers == [invocation.header]
        assert daemon.subsegments() == []

    def test_without_a_header_the_request_is_as_the_caller_made_it(
        self, patched: None, daemon: Daemon, server: HttpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("_X_AMZN_TRACE_ID")

        self.client.get(server.url())
        self.client.get(server.url(), headers={NAME: "mine"})

        assert [received.trace_headers for received in server.received] == [[], ["mine"]]
        assert [w3c(received) for received in server.received] == [[], []]
        assert daemon.subsegments() == []

    def test_a_header_without_a_decision_is_handed_on(
        self, patched: None, daemon: Daemon, server: HttpServer, invoke: Invoke
    ) -> None:
        invocation = invoke(parent="", sampled=None, Lineage="1:2:3")

        self.client.get(server.url())

        assert server.last.trace_headers == [invocation.header]
        assert w3c(server.last) == []  # it can't say "undecided"
        assert daemon.subsegments() == []

    @pytest.mark.parametrize("spelling", [NAME, NAME.lower(), NAME.upper()])
    def test_a_header_that_is_there_is_replaced_and_the_callers_headers_stay_as_they_are(
        self, patched: None, daemon: Daemon, server: HttpServer, spelling: str
    ) -> None:
        headers = {spelling: "Root=other", "X-Mine": "1"}

        self.client.get(server.url(), headers=headers)

        assert [TraceHeader.from_header_str(value).parent for value in server.last.trace_headers] == [
            the_call(daemon)["id"]
        ]
        assert ("x-mine", "1") in server.last.headers
        assert headers == {spelling: "Root=other", "X-Mine": "1"}

    @pytest.mark.parametrize("sampled", [1, 0])
    def test_the_request_carries_w3cs_headers_for_the_same_subsegment(
        self, patched: None, daemon: Daemon, server: HttpServer, invoke: Invoke, sampled: int
    ) -> None:
        root = invoke(sampled=sampled).root
        incoming = {
            "traceparent": f"00-{root[2:].replace('-', '')}-{'b' * 16}-01",
            "tracestate": "vendor=position",
            "baggage": "tenant=7;x,plan=free",
        }

        with_incoming(lambda: self.client.get(server.url()), **incoming)

        assert w3c(server.last) == list({**incoming, "traceparent": traceparent_of(server.last)}.items())
        daemon.clear()

    @pytest.mark.parametrize("spelling", ["traceparent", "TraceParent"])
    def test_w3cs_headers_that_the_caller_puts_stay(
        self, patched: None, daemon: Daemon, server: HttpServer, invoke: Invoke, spelling: str
    ) -> None:
        headers = {spelling: f"00-{'a' * 32}-{'b' * 16}-01", "Baggage": "mine=1"}

        with_incoming(lambda: self.client.get(server.url(), headers=headers), baggage="theirs=1")

        assert w3c(server.last) == [(name.lower(), value) for name, value in headers.items()]
        assert parent_of(server) == daemon.subsegment("127.0.0.1")["id"]

    def test_a_presigned_url_gets_no_header_of_w3cs(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        url = server.url("/bucket/key?X-Amz-Credential=one&X-Amz-Signature=0123")

        with_incoming(lambda: self.client.get(url), baggage="theirs=1")

        assert w3c(server.last) == []
        assert parent_of(server) == daemon.subsegment("127.0.0.1")["id"]

    def test_the_headers_can_be_chosen(
        self, patched: None, daemon: Daemon, server: HttpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for names in ("xray", "tracecontext", "none"):
            monkeypatch.setenv("LAMBDA_TRACER_PROPAGATORS", names)
            self.client.get(server.url(), headers={NAME: "mine"})

        xray, tracecontext, none = server.received
        assert (trace_header(xray).parent, w3c(xray)) == (daemon.subsegments()[0]["id"], [])
        assert tracecontext.trace_headers == none.trace_headers == ["mine"]
        assert [name for name, _ in w3c(tracecontext)] == ["traceparent"]
        assert w3c(none) == []

    # What is not traced

    @pytest.mark.parametrize(
        "rule",
        [
            {"hostname": "127.0.0.1"},
            {"hostname": "127.*"},
            {"urls": ["/health"]},
            {"urls": ["/health?deep=1"]},
            {"urls": ["/other", "/he*"]},
            {"hostname": "127.0.0.?", "urls": ["/[a-h]ealth"]},
        ],
    )
    def test_an_ignored_call_records_nothing_and_carries_no_header(
        self, patched: None, daemon: Daemon, server: HttpServer, rule: dict[str, Any]
    ) -> None:
        patch(CLIENTS)  # the libraries below it do not step in
        ignored.ignore_endpoint(**rule)

        assert self.client.get(server.url("/health?deep=1")).status == 200

        assert (server.last.trace_headers, w3c(server.last)) == ([], [])
        assert daemon.subsegments() == []

    @pytest.mark.parametrize(
        "rule",
        [
            {},
            {"hostname": "example.com"},
            {"hostname": "127.0.0"},
            {"urls": ["/healthy", "/Health"]},
            {"hostname": "127.0.0.1", "urls": ["/other"]},
            {"hostname": "example.com", "urls": ["/health"]},
            {"hostname": "127.0.0.1", "urls": []},
        ],
    )
    def test_a_call_that_matches_only_a_part_of_a_rule_is_traced(
        self, patched: None, daemon: Daemon, server: HttpServer, rule: dict[str, Any]
    ) -> None:
        ignored.ignore_endpoint(**rule)

        self.client.get(server.url("/health?deep=1"))

        assert parent_of(server) == the_call(daemon)["id"]

    def test_the_runtime_api_is_never_traced(
        self, patched: None, daemon: Daemon, server: HttpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", server.authority)

        self.client.get(server.url("/2018-06-01/runtime/invocation/next"))

        assert server.last.trace_headers == []
        assert daemon.subsegments() == []

    def test_libraries_below_the_called_one_record_and_inject_nothing_more(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        patch(CLIENTS)

        with xray_recorder.in_subsegment("handler"):
            self.client.get(server.url())
            self.client.get(server.url("/status/404"))

        daemon.expect_tree("""
            handler
              127.0.0.1
              127.0.0.1  error
        """)
        assert [len(received.trace_headers) for received in server.received] == [1, 1]
        assert [len(w3c(received)) for received in server.received] == [1, 1]

    # What the caller sees

    def test_a_streamed_body_is_left_to_the_caller(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        response = self.client.begin_streaming(server.url("/stream"))
        before_the_body = daemon.subsegments()
        server.release()
        body = self.client.read_stream(response)

        assert [call["http"]["response"]["status"] for call in before_the_body] == [200]
        assert before_the_body[0]["end_time"]
        assert body == b"first-last"

    def test_a_call_returns_what_it_returns_unpatched(self, daemon: Daemon, server: HttpServer) -> None:
        unpatched = [self.client.get(server.url(path)) for path in ("/", "/status/404", "/status/500")]

        patch([self.client.library])
        patched = [self.client.get(server.url(path)) for path in ("/", "/status/404", "/status/500")]

        assert patched == unpatched
        assert len(daemon.subsegments()) == 3

    @pytest.mark.parametrize("failure", ["refused", "slow", "hangup", "nonsense"])
    def test_a_call_raises_what_it_raises_unpatched(
        self, daemon: Daemon, server: HttpServer, failure: str
    ) -> None:
        url = {
            "refused": f"http://127.0.0.1:{unused_port()}/",
            "slow": server.url("/slow"),
            "hangup": server.url("/hangup"),
            "nonsense": "http://[nonsense/",
        }[failure]

        unpatched = self._raised_by(url)
        patch([self.client.library])
        patched = self._raised_by(url)

        assert patched == unpatched
        daemon.clear()

    def _raised_by(self, url: str) -> tuple[type, str]:
        with pytest.raises(Exception) as raised:
            self.client.get(url, timeout_s=0.2, method="POST")
        return raised.type, re.sub(r"0x[0-9a-f]+|\d\.\d+", "", str(raised.value))

    def test_the_subsegment_that_was_current_is_current_again(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with xray_recorder.in_subsegment("handler") as handler:
            self.client.get(server.url())
            after_an_answer = xray_recorder.current_subsegment()
            with pytest.raises(Exception):
                self.client.get(f"http://127.0.0.1:{unused_port()}/")
            after_an_error = xray_recorder.current_subsegment()

        assert after_an_answer is handler
        assert after_an_error is handler
        daemon.expect_tree(f"""
            handler
              127.0.0.1
              127.0.0.1  fault {daemon.subsegments()[-1]["cause"]["exceptions"][0]["type"]}
        """)

    def test_calls_of_several_threads_are_each_below_what_started_them(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        patch(["threads"])
        together = threading.Barrier(4)

        def work(number: int) -> None:
            with xray_recorder.in_subsegment(f"work {number}"):
                together.wait()
                self.client.get(server.url(f"/status/{200 + number}"))

        with xray_recorder.in_subsegment("handler"), ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))

        calls = {call["parent_id"]: call for call in daemon.subsegments() if "http" in call}
        for number in range(4):
            call = calls[daemon.subsegment(f"work {number}")["id"]]
            assert call["http"]["response"]["status"] == 200 + number
            assert call["http"]["request"]["url"] == server.url(f"/status/{200 + number}")
            received = next(each for each in server.received if each.target == f"/status/{200 + number}")
            assert trace_header(received).parent == call["id"]

    # Patching

    def test_unpatching_puts_the_very_same_functions_back(self, daemon: Daemon, server: HttpServer) -> None:
        before = [vars(owner)[name] for owner, name in self.client.replaced()]

        patch([self.client.library])
        patch([self.client.library])
        during = [vars(owner)[name] for owner, name in self.client.replaced()]
        unpatch([self.client.library])
        after = [vars(owner)[name] for owner, name in self.client.replaced()]
        self.client.get(server.url())

        assert all(new is not old for new, old in zip(during, before, strict=True))
        assert all(new is old for new, old in zip(after, before, strict=True))
        assert daemon.subsegments() == []
        assert server.last.trace_headers == []

    @pytest.mark.parametrize("order", ["before", "after"])
    def test_the_order_of_patching_and_importing_does_not_matter(
        self, daemon: Daemon, server: HttpServer, order: str
    ) -> None:
        patching = f"from lambda_tracer import patch; patch([{self.client.library!r}])"
        lines = [patching, self.client.imports] if order == "before" else [self.client.imports, patching]

        run_program([*lines, f"url = {server.url()!r}", self.client.program])

        assert parent_of(server) == the_call(daemon)["id"]
