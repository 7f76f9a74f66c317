"""The example function, run as its user runs it: results, exit codes, and the trace that it shows."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.local.command import Ran, invoke

EXAMPLE = Path(__file__).parent.parent / "examples" / "payment"


def run(*arguments: str) -> Ran:
    return invoke("app.lambda_handler", *arguments, folder=EXAMPLE)


def tree(text: str) -> str:
    """An expected tree without the margin it has in the test."""
    return dedent(text).strip("\n")


def subsegments(ran: Ran) -> dict[str, dict[str, Any]]:
    """What was recorded, by name, of the one invocation that was written as JSON."""
    (invocation,) = json.loads(ran.out)["invocations"]
    found, waiting = {}, list(invocation["segments"])
    while waiting:
        each = waiting.pop()
        found[each["name"]] = each
        waiting += each.get("subsegments", [])
    return found


def test_a_cold_and_a_warm_payment_are_stored_one_after_the_other() -> None:
    ran = run("--event", "event.json", "--invocations", "2")

    charged = {"order": "A-1001", "status": "accepted", "charged": "140.94 USD"}
    assert (ran.exit_code, ran.results) == (0, [{"payment": 1, **charged}, {"payment": 2, **charged}])
    assert ran.tree == tree(
        """
        payment  AWS::Lambda
        └─ payment  AWS::Lambda::Function
           ├─ Initialization
           ├─ Initialization code
           │  └─ sqlite3
           └─ ## lambda_handler
              ├─ validate
              ├─ ## checks.assess_risk
              │  └─ ## checks.card_fingerprint
              ├─ ## checks.exchange_rate
              ├─ ## app.authorize
              └─ ## ledger.store
                 └─ sqlite3
        payment  AWS::Lambda
        └─ payment  AWS::Lambda::Function
           └─ ## lambda_handler
              ├─ validate
              ├─ ## checks.assess_risk
              │  └─ ## checks.card_fingerprint
              ├─ ## checks.exchange_rate
              ├─ ## app.authorize
              └─ ## ledger.store
                 └─ sqlite3
        """
    )
    assert ran.err.count("insert into payments (order_number, dollar_cents) values (?, ?)\n") == 2
    assert "Order=A-1001  Currency=EUR  ColdStart=true  Service=payment  Trigger=direct\n" in ran.err
    assert "Order=A-1001  Currency=EUR  ColdStart=false  Service=payment  Trigger=direct\n" in ran.err


def test_a_declined_payment_fails_and_shows_where_and_why() -> None:
    ran = run("--event", "event-declined.json")

    (error,) = ran.results
    assert (ran.exit_code, error["errorType"]) == (1, "PaymentDeclined")
    assert error["errorMessage"] == "order A-1002 was declined"
    assert ran.tree == tree(
        """
        payment  fault  AWS::Lambda
        └─ payment  fault  AWS::Lambda::Function
           ├─ Initialization
           ├─ Initialization code
           │  └─ sqlite3
           └─ ## lambda_handler  fault
              ├─ validate
              ├─ ## checks.assess_risk
              │  └─ ## checks.card_fingerprint
              ├─ ## checks.exchange_rate
              └─ ## app.authorize  fault
        """
    )
    below = [line.strip() for line in ran.err.partition("## app.authorize  fault")[2].splitlines()]
    lines = [re.sub(r":\d+$", ":<line>", line) for line in below[1:4]]
    assert lines == [
        "PaymentDeclined: order A-1002 was declined  app.py:<line>",
        "RiskTooHigh: the risk is 0.93, more than 0.8  app.py:<line>",
        "Risk=0.93",
    ]


def test_the_two_checks_overlap_in_time() -> None:
    recorded = subsegments(run("--event", "event.json", "--json", "-"))

    risk, rate = recorded["## checks.assess_risk"], recorded["## checks.exchange_rate"]
    assert max(risk["start_time"], rate["start_time"]) < min(risk["end_time"], rate["end_time"])


def test_the_quote_and_the_responses_are_metadata_and_the_card_is_nowhere() -> None:
    ran = run("--event", "event.json", "--json", "-")

    recorded = subsegments(ran)
    handler = recorded["## lambda_handler"]["metadata"]["payment"]
    assert handler["quote"] == {"amount": "129.90", "rate": "1.0850", "dollars": "140.94"}
    assert handler["lambda_handler response"]["status"] == "accepted"
    assert recorded["## checks.exchange_rate"]["metadata"] == {
        "payment": {"checks.exchange_rate response": "1.0850"}
    }
    assert "metadata" not in recorded["## checks.card_fingerprint"]
    assert "card-51f0" not in ran.out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"card": None}, "card: missing, empty or not of type dict"),
        ({"order": ""}, "order: missing, empty or not of type str"),
        ({"amount": "12.345"}, "amount: expected a positive number with at most two decimals"),
        ({"amount": "NaN"}, "amount: expected a positive number with at most two decimals"),
        ({"currency": "XXX"}, "currency: expected one of CHF, EUR, GBP, USD"),
    ],
)
def test_an_event_that_is_no_payment_is_refused_by_the_name_of_the_field(
    change: dict[str, Any], message: str
) -> None:
    event = {**json.loads((EXAMPLE / "event.json").read_text()), **change}

    ran = run("--event", json.dumps(event))

    (error,) = ran.results
    assert (ran.exit_code, error["errorType"], error["errorMessage"]) == (1, "InvalidPayment", message)
    assert f"InvalidPayment: {message}" in ran.err.partition("validate  fault")[2]


def test_the_ledger_is_a_file_where_the_environment_names_one(tmp_path: Path) -> None:
    path = tmp_path / "payments.sqlite3"

    ran = run("--event", "event.json", "--env", f"PAYMENT_DATABASE={path}")

    connection = sqlite3.connect(path)
    rows = connection.execute("select * from payments").fetchall()
    connection.close()
    assert (ran.exit_code, rows) == (0, [(1, "A-1001", 14094)])
