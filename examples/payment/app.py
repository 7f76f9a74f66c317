"""An example: a Lambda function that takes a payment, traced.

lambda-tracer invoke app.lambda_handler --event event.json --invocations 2
lambda-tracer invoke app.lambda_handler --event event-declined.json
"""

from __future__ import annotations

import asyncio
from typing import Any

import ledger
from checks import assess_risk, exchange_rate
from payment import CENT, Payment, PaymentDeclined, RiskTooHigh

from lambda_tracer import Tracer

MAX_RISK = 0.8

tracer = Tracer(service="payment")


@tracer.capture_lambda_handler
async def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Charge a card for an order.

    Raises InvalidPayment when the event is none, PaymentDeclined when the card is not charged.
    """
    with tracer.provider.in_subsegment("validate"):
        payment = Payment.from_event(event)
    tracer.put_annotation("Order", payment.order)
    tracer.put_annotation("Currency", payment.currency)

    risk, rate = await asyncio.gather(assess_risk(payment), exchange_rate(payment.currency))
    dollars = (payment.amount * rate).quantize(CENT)
    tracer.put_metadata("quote", {"amount": payment.amount, "rate": rate, "dollars": dollars})

    authorize(payment, risk)
    return {
        "payment": ledger.store(payment, dollars),
        "order": payment.order,
        "status": "accepted",
        "charged": f"{dollars} USD",
    }


@tracer.capture_method
def authorize(payment: Payment, risk: float) -> None:
    """Raises PaymentDeclined when the risk is too high."""
    tracer.put_annotation("Risk", risk)
    try:
        check_risk(risk)
    except RiskTooHigh as reason:
        raise PaymentDeclined(f"order {payment.order} was declined") from reason


def check_risk(risk: float) -> None:
    if risk > MAX_RISK:
        raise RiskTooHigh(f"the risk is {risk}, more than {MAX_RISK}")
