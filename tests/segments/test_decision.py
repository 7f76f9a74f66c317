"""Which segments are recorded: by the header they come with, else by a rate."""

from __future__ import annotations

import pytest

from lambda_tracer import TraceHeader
from lambda_tracer.segments.sampling import decision
from lambda_tracer.segments.sampling.rate import Rate, read

REQUEST = decision.Request("service")


@pytest.mark.parametrize(
    ("text", "per_second", "share"),
    [
        ("1.0", 0, 1.0),
        ("0", 0, 0.0),
        ("0.05", 0, 0.05),
        ("5%", 0, 0.05),
        ("1/s+5%", 1, 0.05),
        ("10/s", 10, 0.0),
        ("2/s + 0.5", 2, 0.5),
    ],
)
def test_a_rate_is_a_share_or_so_many_a_second_and_a_share_of_the_rest(
    text: str, per_second: int, share: float
) -> None:
    rate = read(text)

    assert rate is not None
    assert (rate.reservoir.per_second, rate.share) == (per_second, share)


@pytest.mark.parametrize("text", ["all", "2", "-1", "1/s+", "1/m", "5%+1/s", "nan", "1.5/s", "-1/s"])
def test_anything_else_is_no_rate(text: str) -> None:
    assert read(text) is None


def test_so_many_are_taken_each_second() -> None:
    rate = Rate(2, 0.0)

    assert [rate.takes(now) for now in (1_000.0, 1_000.5, 1_000.9, 1_001.0, 1_001.1, 1_001.2)] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_share_is_by_chance() -> None:
    rate = Rate(0, 0.5)

    taken = sum(rate.takes(0.0) for _ in range(2_000))

    assert 700 < taken < 1_300  # beyond that once in 10^40


def test_the_header_decides_where_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "0")
    decided = [decision.decide(TraceHeader(sampled=sampled), REQUEST)[0] for sampled in (1, 0, "?", None)]

    assert decided == [True, False, False, False]


def test_what_is_put_in_its_place_decides_the_rest() -> None:
    asked = []

    def by_rule(request: decision.Request, default: str) -> tuple[bool, str | None]:
        asked.append((request.service, default))
        return True, "rule"

    decision.use(by_rule)

    assert decision.decide(TraceHeader(), REQUEST) == (True, "rule")
    assert decision.decide(TraceHeader(sampled=0), REQUEST) == (False, None)
    assert asked == [("service", decision.ALL)]


def test_a_variable_that_is_no_rate_is_said_once_and_the_default_holds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "often")

    assert [decision.decide(TraceHeader(), REQUEST)[0] for _ in range(3)] == [True] * 3
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "LAMBDA_TRACER_SAMPLING is neither a share such as 0.05 nor one such as 1/s+0.05, nor xray: 1.0 holds"
    ]
