"""What has to be known before a card is charged: the risk and the exchange rate. Neither waits for the other.

Both would ask a service over the network. Here a short `asyncio.sleep` stands for the way there and back;
what is computed before and after it is computed for real.
"""

from __future__ import annotations

import asyncio
import hashlib
from decimal import Decimal

from payment import UNITS_PER_DOLLAR, Payment

from lambda_tracer import Tracer

HOME = "DE"
RISK_SERVICE_S = 0.030
RATE_SERVICE_S = 0.045

tracer = Tracer(service="payment")


@tracer.capture_method
async def assess_risk(payment: Payment) -> float:
    """How likely the payment is fraud: 0 (not at all) to 1, from its size and from where the card comes."""
    # Hashing takes its time and is no work for the event loop. The subsegment follows into the thread.
    fingerprint = await asyncio.to_thread(card_fingerprint, payment.card)
    tracer.put_annotation("CardFingerprint", fingerprint)
    await asyncio.sleep(RISK_SERVICE_S)
    dollars = payment.amount / UNITS_PER_DOLLAR[payment.currency]
    score = float(dollars / 10_000) + (0.0 if payment.country == HOME else 0.4)
    return round(min(score, 1.0), 2)


# The fingerprint is an annotation already, so that traces can be searched for it: no need to record it twice.
@tracer.capture_method(capture_response=False)
def card_fingerprint(card: str) -> str:
    """A short text that is the same for the same card and does not show it."""
    return hashlib.pbkdf2_hmac("sha256", card.encode(), b"payment example", 20_000).hex()[:12]


@tracer.capture_method
async def exchange_rate(currency: str) -> Decimal:
    """US dollars for one unit of `currency`."""
    await asyncio.sleep(RATE_SERVICE_S)
    return (1 / UNITS_PER_DOLLAR[currency]).quantize(Decimal("0.0001"))
