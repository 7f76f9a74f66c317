"""A request, before it is written in the form of one of the events of HTTP.

Of a request one says method, path, body (bytes become Base64, what is no text JSON), headers and query. A header or
parameter that has several values is given as a list.
"""

from __future__ import annotations

from urllib.parse import urlencode

from .values import Ids, Moment, data, joined, text, trace_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .values import At

    Several = Mapping[str, str | Sequence[str]]

AGENT = "curl/8.5.0"
CLIENT = "203.0.113.7"
"""From a range of addresses that is kept for documentation."""


class Request:
    """What all of these events say, before it is written in the form of one of them."""

    def __init__(
        self,
        of: str,
        method: str,
        path: str,
        body: object,
        headers: Several | None,
        query: Several | None,
        at: At,
        seed: object,
    ) -> None:
        self.ids = Ids(of, method, path, body, headers, query, seed)
        self.moment = Moment(at)
        self.method, self.path = method, path
        self.is_json = not isinstance(body, (str, bytes, type(None)))
        self.is_base64 = isinstance(body, bytes)
        self.body = None if body is None else data(body) if self.is_base64 else text(body)
        self.query = lists(query)
        self._given = lists(headers)

    @property
    def raw_query(self) -> str:
        return urlencode(self.query, doseq=True)

    def headers(self, defaults: Mapping[str, str], *, small: bool) -> dict[str, list[str]]:
        """Those that were given, and those that every client or gateway adds."""
        known = {"Accept": "*/*"}
        if self.is_json:
            known["Content-Type"] = "application/json"
        known |= defaults
        sent = joined(lists(known), self._given)
        return {name.lower(): values for name, values in sent.items()} if small else sent


def lists(several: Several | None) -> dict[str, list[str]]:
    return {
        name: [value] if isinstance(value, str) else list(value) for name, value in (several or {}).items()
    }


def last(several: dict[str, list[str]]) -> dict[str, str]:
    """Where there is room for one value: REST APIs and load balancers keep the last."""
    return {name: values[-1] for name, values in several.items() if values}


def commas(several: dict[str, list[str]]) -> dict[str, str]:
    """Where there is room for one text: payload 2.0 keeps all, with commas between."""
    return {name: ",".join(values) for name, values in several.items()}


def proxied(request: Request, host: str) -> dict[str, str]:
    return {
        "Host": host,
        "User-Agent": AGENT,
        "X-Amzn-Trace-Id": trace_header(request.ids, request.moment),
        "X-Forwarded-For": CLIENT,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }


def agent_of(headers: Mapping[str, Sequence[str]]) -> str:
    return next((values[-1] for name, values in headers.items() if name.lower() == "user-agent"), AGENT)
