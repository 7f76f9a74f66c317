"""The X-Ray SDK's middlewares for Flask, Bottle and aiohttp's server.

As with the SDK each request is named by `service` or `dynamic_naming`, and has an `http` block: in Lambda it is a
subsegment, elsewhere a segment of its own. The client's address is recorded where `LAMBDA_TRACER_CLIENT_IP` asks for
it.
"""

from __future__ import annotations

from contextlib import nullcontext

from .. import settings
from ..guard import failed, warn_once
from ..sdk.recorder import xray_recorder
from . import own_segments
from .detached import runs_in_invocation
from .entities import DummySubsegment
from .util import (
    calculate_sampling_decision,
    calculate_segment_name,
    construct_xray_header,
    prepare_response_header,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

_HEADER = "X-Amzn-Trace-Id"
_KEY = "lambda_tracer.compat.request"


class Request:
    """One request while it is answered: a subsegment in Lambda, or below another segment; elsewhere a segment."""

    def __init__(self, recorder: Any, host: str, headers: Any, method: str, path: str) -> None:
        """Opens it. `host` is what was asked for, with the port that was named, and `path` has no query."""
        name = calculate_segment_name(host, recorder) or host or "request"
        self._header = construct_xray_header(headers)
        self._context: Any
        if runs_in_invocation() or own_segments.is_anothers():
            self._context = (
                recorder.in_subsegment(name)
                if recorder.is_sampled()
                else nullcontext(DummySubsegment.named(name))
            )
        else:
            asked = {"host": host, "method": method, "path": path, "service": name}
            self._context = recorder.in_segment(
                name,
                traceid=self._header.root,
                parent_id=self._header.parent,
                sampling=calculate_sampling_decision(self._header, recorder, asked),
            )
        self.subsegment = self._context.__enter__()
        self.subsegment.save_origin_trace_header(self._header)

    def asks(
        self, url: str, method: str, user_agent: str | None, forwarded: str | None, peer: str | None
    ) -> None:
        """What is asked, and for whom: `forwarded`, else `peer`. The URL is recorded without its query."""
        put = self.subsegment.put_http_meta
        put("url", url.partition("?")[0])
        put("method", method)
        put("user_agent", user_agent)
        address = forwarded or peer
        if address and settings.client_ip():
            put("client_ip", address)
            if forwarded:
                put("x_forwarded_for", True)

    def answers(self, status: Any, length: Any) -> str:
        """The status and the length of the answer; returns its trace header."""
        self.subsegment.put_http_meta("status", status)
        if length:
            self.subsegment.put_http_meta("content_length", length)
        return prepare_response_header(self._header, self.subsegment)

    def fails(self, error: BaseException) -> None:
        """What kept an answer from coming."""
        try:
            self.subsegment.put_http_meta("status", getattr(error, "status_code", 500))
            self.subsegment.add_exception(error)
        except Exception as own:
            failed(own)

    def ends(self) -> None:
        """Close the subsegment."""
        self._context.__exit__(None, None, None)


class FlaskMiddleware:
    """`XRayMiddleware(app, recorder)` of `aws_xray_sdk.ext.flask.middleware`."""

    def __init__(self, app: Any, recorder: Any) -> None:
        """Hooks into the application's requests."""
        self.app = app
        self.in_lambda_ctx = settings.in_lambda()
        self._recorder = recorder
        app.before_request(self._before_request)
        app.after_request(self._after_request)
        app.teardown_request(self._teardown_request)

    def _before_request(self) -> None:
        from flask import request

        try:
            begun = request.environ[_KEY] = Request(
                self._recorder, request.host, request.headers, request.method, request.path
            )
            begun.asks(
                request.base_url,
                request.method,
                request.headers.get("User-Agent"),
                request.headers.get("X-Forwarded-For"),
                request.remote_addr,
            )
        except Exception as error:
            failed(error)

    def _after_request(self, response: Any) -> Any:
        from flask import request

        try:
            begun = request.environ.get(_KEY)
            if begun is not None:
                length = response.headers.get("Content-Length")
                response.headers[_HEADER] = begun.answers(response.status_code, length)
        except Exception as error:
            failed(error)
        return response

    def _teardown_request(self, exception: BaseException | None) -> None:
        from flask import request

        try:
            begun = request.environ.pop(_KEY, None)
            if begun is not None:
                if exception is not None:
                    begun.fails(exception)
                begun.ends()
        except Exception as error:
            failed(error)


class BottleMiddleware:
    """`XRayMiddleware(recorder)` of `aws_xray_sdk.ext.bottle.middleware`: a plugin for `app.install`."""

    name = "xray"
    api = 2

    def __init__(self, recorder: Any) -> None:
        """`recorder` records the requests."""
        self._recorder = recorder

    def apply(self, callback: Callable[..., Any], route: Any) -> Callable[..., Any]:
        """See Bottle's plugins: what is called in the place of a route's function."""

        def traced(*args: Any, **kwargs: Any) -> Any:
            begun = _of_bottle(self._recorder)
            if begun is None:
                return callback(*args, **kwargs)
            from bottle import HTTPResponse, response

            try:
                value = callback(*args, **kwargs)
                _answered(begun, value if isinstance(value, HTTPResponse) else response)
                return value
            except HTTPResponse as answer:  # a redirect, or an error: an answer as any other
                begun.answers(answer.status_code, None)
                raise
            except BaseException as error:
                begun.fails(error)
                raise
            finally:
                begun.ends()

        return traced


def _of_bottle(recorder: Any) -> Request | None:
    from bottle import request

    begun = None
    try:
        begun = Request(recorder, request.urlparts[1], request.headers, request.method, request.path)
        begun.asks(
            request.url,
            request.method,
            request.headers.get("User-Agent"),
            request.environ.get("HTTP_X_FORWARDED_FOR"),
            request.environ.get("REMOTE_ADDR"),
        )
    except Exception as error:
        failed(error)
    return begun


def _answered(begun: Request, answer: Any) -> None:
    from bottle import response

    try:
        header = begun.answers(answer.status_code, answer.get_header("Content-Length"))
        response.set_header(_HEADER, header)
    except Exception as error:
        failed(error)


async def aiohttp_middleware(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
    """`middleware` of `aws_xray_sdk.ext.aiohttp.middleware`. In Lambda it hands on: the SDK sends nothing there."""
    if runs_in_invocation():
        warn_once(
            "compat aiohttp middleware",
            "aws_xray_sdk.ext.aiohttp.middleware: segments of requests do not exist in Lambda: nothing is recorded",
        )
        return await handler(request)
    begun = _of_aiohttp(request)
    if begun is None:
        return await handler(request)
    from aiohttp.web_exceptions import HTTPException

    try:
        response = await handler(request)
        _tell_aiohttp(begun, response)
        return response
    except HTTPException as answer:  # an answer as any other
        _tell_aiohttp(begun, answer)
        raise
    except BaseException as error:
        begun.fails(error)
        raise
    finally:
        begun.ends()


def _of_aiohttp(request: Any) -> Request | None:
    try:
        headers, host = request.headers, request.host
        begun = Request(xray_recorder, host.partition(":")[0], headers, request.method, request.path)
        begun.asks(
            str(request.url),
            request.method,
            headers.get("User-Agent"),
            headers.get("X-Forwarded-For"),
            request.remote,
        )
        return begun
    except Exception as error:
        failed(error)
        return None


def _tell_aiohttp(begun: Request, answer: Any) -> None:
    try:
        header = begun.answers(answer.status, answer.headers.get("Content-Length"))
        if not answer.prepared:  # else its headers have been sent: that of a stream, or of a websocket
            answer.headers[_HEADER] = header
    except Exception as error:
        failed(error)


aiohttp_middleware.__middleware_version__ = 1  # type: ignore[attr-defined]  # what aiohttp.web.middleware sets
