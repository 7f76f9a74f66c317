"""The ledger: accepted payments, in SQLite.

`PAYMENT_DATABASE` is the path of the file. Without it SQLite makes a temporary file in /tmp, which goes when
the function's process does: like everything in Lambda's /tmp, it outlives an invocation and not the sandbox.

Its statements are in the trace, without their values. The connection has to be made after a Tracer for that.
"""

from __future__ import annotations

import os
import sqlite3
from decimal import Decimal

from payment import Payment

from lambda_tracer import Tracer

SCHEMA = """
create table if not exists payments (
    id integer primary key,
    order_number text not null,
    dollar_cents integer not null
)
"""

tracer = Tracer(service="payment")

# Opened while the function initializes: the cold invocation pays for it, the warm ones find it open.
connection = sqlite3.connect(os.environ.get("PAYMENT_DATABASE", ""))
connection.execute(SCHEMA)


@tracer.capture_method
def store(payment: Payment, dollars: Decimal) -> int:
    """Add an accepted payment; returns its number."""
    with connection:  # commits, or rolls back if this raises
        cursor = connection.execute(
            "insert into payments (order_number, dollar_cents) values (?, ?)",
            (payment.order, int(dollars * 100)),
        )
    return int(cursor.lastrowid or 0)
