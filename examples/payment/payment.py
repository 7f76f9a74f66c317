"""Payment: what an event asks for, once it is known to be well-formed, and the ways in which it can fail."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

CENT = Decimal("0.01")

# Units of each currency for one US dollar. A real function would ask a service; these stay as they are, and
# the same event gives the same result.
UNITS_PER_DOLLAR = {
    "CHF": Decimal("0.8841"),
    "EUR": Decimal("0.9217"),
    "GBP": Decimal("0.7884"),
    "USD": Decimal("1"),
}


class InvalidPayment(ValueError):
    """The event is not a payment. The message names the field, never its value."""


class RiskTooHigh(Exception):
    """The risk check gave a score that no payment may have."""


class PaymentDeclined(Exception):
    """The payment was understood, and refused; its cause says why."""


@dataclass(frozen=True)
class Payment:
    """A request to charge a card. `amount` is in `currency`, an ISO code; `country` is the card's."""

    order: str
    amount: Decimal
    currency: str
    card: str
    country: str

    @classmethod
    def from_event(cls, event: Any) -> Payment:
        """Read and check an event. Raises InvalidPayment."""
        card = _field(event, "card", dict)
        payment = cls(
            order=_field(event, "order", str),
            amount=_amount(_field(event, "amount", str)),
            currency=_field(event, "currency", str),
            card=_field(card, "token", str),
            country=_field(card, "country", str),
        )
        if payment.currency not in UNITS_PER_DOLLAR:
            raise InvalidPayment(f"currency: expected one of {', '.join(UNITS_PER_DOLLAR)}")
        return payment


def _field(event: Any, name: str, kind: type) -> Any:
    value = event.get(name) if isinstance(event, dict) else None
    if not isinstance(value, kind) or not value:
        raise InvalidPayment(f"{name}: missing, empty or not of type {kind.__name__}")
    return value


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
        if amount > 0 and amount == amount.quantize(CENT):
            return amount
    except InvalidOperation:  # no number, not a finite one, or one with more digits than any payment has
        pass
    raise InvalidPayment("amount: expected a positive number with at most two decimals")
