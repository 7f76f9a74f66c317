"""How many examples hypothesis makes up of what a tracer must survive."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

anything = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
