"""requests: the contract, and what is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.http.calls import NAME, parent_of, the_call, trace_header, traceparent_of, w3c
from tests.patches.http.client import Answer, Client
from tests.patches.http.contract import HttpContract
from tests.patches.http.server import HttpServer

pytest.importorskip("requests", reason="requests is not installed: pip install requests")

import requests  # only where it is installed


class Requests(Client):
    library = "requests"
    imports = "import requests"
    program = "requests.get(url)"

    def get(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        with requests.Session() as session:
            response = session.request(
                method,
                url,
                headers=headers,
                timeout=timeout_s,
                allow_redirects=True,
                verify=True if authority is None else str(authority),
            )
            return Answer(response.status_code, response.content, type(response))

    def begin_streaming(self, url: str) -> Any:
        return requests.get(url, stream=True, timeout=10)

    def read_stream(self, response: Any) -> bytes:
        with response:
            body: bytes = response.content
        return body

    def replaced(self) -> list[tuple[Any, str]]:
        return [(requests.Session, "send")]


class TestRequests(HttpContract):
    client = Requests()

    def test_a_request_prepared_by_hand_is_traced_and_stays_as_it_was(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with requests.Session() as session:
            prepared = session.prepare_request(requests.Request("get", server.url(), headers={"X-Mine": "1"}))
            headers = prepared.headers
            copied = dict(headers)
            response = session.send(prepared)

        assert parent_of(server) == the_call(daemon)["id"]
        assert response.request is prepared
        assert prepared.headers is headers
        assert dict(headers) == copied

    def test_a_prepared_request_gets_back_the_trace_header_it_had(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with requests.Session() as session:
            prepared = session.prepare_request(
                requests.Request("GET", server.url(), headers={NAME.lower(): "mine"})
            )
            session.send(prepared)

        assert parent_of(server) == the_call(daemon)["id"]
        assert [
            (name, value) for name, value in prepared.headers.items() if name.lower() == NAME.lower()
        ] == [(NAME.lower(), "mine")]

    def test_a_session_made_before_patching_is_traced(self, daemon: Daemon, server: HttpServer) -> None:
        with requests.Session() as session:
            patch(["requests"])
            session.get(server.url())

        assert parent_of(server) == the_call(daemon)["id"]

    def test_adapters_of_any_kind_see_the_header(self, patched: None, daemon: Daemon) -> None:
        seen: list[str] = []

        class Adapter(requests.adapters.BaseAdapter):
            def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
                seen.append(request.headers[NAME])
                request.headers["X-Added"] = "by the adapter"
                response = requests.Response()
                response.status_code = 201
                response.request = request
                return response

            def close(self) -> None: ...

        with requests.Session() as session:
            session.mount("test://", Adapter())
            response = session.get("test://service/path?query")

        call = the_call(daemon)
        assert call["name"] == "service"
        assert call["http"] == {
            "request": {"method": "GET", "url": "test://service/path"},
            "response": {"status": 201},
        }
        assert [value.partition("Parent=")[2][:16] for value in seen] == [call["id"]]
        assert response.request.headers["X-Added"] == "by the adapter"

    def test_response_hooks_run_and_may_raise_for_the_status(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        seen = []

        def hook(response: Any, **kwargs: Any) -> None:
            seen.append(response.status_code)
            response.close()
            response.raise_for_status()

        with pytest.raises(requests.HTTPError) as raised:
            requests.get(server.url("/status/404"), hooks={"response": hook}, timeout=10)

        call = the_call(daemon)
        assert seen == [404]
        assert raised.value.response is not None
        assert raised.value.response.status_code == 404
        assert call["http"]["response"]["status"] == 404
        assert call["error"]
        assert "fault" not in call
        assert "cause" not in call

    def test_a_request_that_a_hook_sends_once_more_carries_headers_of_its_own(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        """The copy has those of the call that is under way, which are not the user's."""

        def hook(response: Any, **kwargs: Any) -> None:
            if response.status_code == 404:
                again = response.request.copy()
                again.url = server.url("/again")
                requests.Session().send(again, timeout=10)

        requests.get(server.url("/status/404"), hooks={"response": [hook]}, timeout=10)

        first, again = server.received
        assert w3c(first) == [("traceparent", traceparent_of(first))]
        assert w3c(again) == [("traceparent", traceparent_of(again))]
        assert trace_header(first).parent != trace_header(again).parent
        daemon.expect_tree("""
            127.0.0.1  error
              127.0.0.1
        """)

    @pytest.mark.parametrize("follow", [True, False])
    def test_the_requests_of_a_redirect_are_as_the_user_made_them(
        self, patched: None, daemon: Daemon, server: HttpServer, follow: bool
    ) -> None:
        response = requests.get(
            server.url("/redirect/302/status/200"),
            headers={NAME: "mine", "X-Mine": "1"},
            allow_redirects=follow,
            timeout=10,
        )

        for request in (*(each.request for each in response.history), response.request, response.next):
            if request is not None:
                assert request.headers[NAME] == "mine"
                assert "traceparent" not in request.headers
        assert parent_of(server) == the_call(daemon)["id"]

    def test_raising_for_the_status_afterwards_is_the_callers(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with pytest.raises(requests.HTTPError), xray_recorder.in_subsegment("handler"):
            requests.get(server.url("/status/404"), timeout=10).raise_for_status()

        daemon.expect_tree("""
            handler  fault HTTPError
              127.0.0.1  error
        """)

    def test_retries_of_an_adapter_are_one_subsegment(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        patch(["urllib3"])
        retries = __import__("urllib3").Retry(3, status_forcelist=[503], backoff_factor=0)
        with requests.Session() as session:
            session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
            response = session.get(server.url("/flaky/2/a"))

        call = the_call(daemon)
        assert response.status_code == 200
        assert call["http"]["response"]["status"] == 200
        assert "fault" not in call
        assert [trace_header(received).parent for received in server.received] == [call["id"]] * 3

    def test_too_many_redirects_are_a_fault(self, patched: None, daemon: Daemon, server: HttpServer) -> None:
        with requests.Session() as session:
            session.max_redirects = 1
            with pytest.raises(requests.TooManyRedirects):
                session.get(server.url("/redirect/302/redirect/302/redirect/302/status/200"))

        assert the_call(daemon)["fault"]

    def test_a_redirect_that_is_not_followed_is_the_answer(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        response = requests.get(server.url("/redirect/302/status/200"), allow_redirects=False, timeout=10)

        assert response.next is not None
        assert the_call(daemon)["http"]["response"]["status"] == 302

    def test_history_of_a_redirected_call_is_complete(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        response = requests.get(server.url("/redirect/302/status/200"), timeout=10)

        assert [each.status_code for each in response.history] == [302]
        assert the_call(daemon)["http"]["response"]["status"] == 200

    def test_a_url_of_bytes_is_taken_as_ever(self, patched: None, daemon: Daemon, server: HttpServer) -> None:
        requests.get(server.url("/bytes").encode(), timeout=10)

        assert the_call(daemon)["http"]["request"]["url"] == server.url("/bytes")

    def test_a_request_that_was_not_prepared_is_refused_as_ever(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with (
            requests.Session() as session,
            pytest.raises(ValueError, match="You can only send PreparedRequests"),
        ):
            session.send(requests.Request("GET", server.url()))  # type: ignore[arg-type]

        assert the_call(daemon)["fault"]

    def test_an_unsampled_prepared_request_keeps_nothing_of_the_header(
        self, patched: None, daemon: Daemon, server: HttpServer, invoke: Invoke
    ) -> None:
        invocation = invoke(sampled=0)
        with requests.Session() as session:
            response = session.get(server.url())

        assert server.last.trace_headers == [invocation.header]
        assert NAME not in response.request.headers
