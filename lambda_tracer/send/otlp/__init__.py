"""Documents as OpenTelemetry's spans, in its wire format. Loaded where `LAMBDA_TRACER_WIRE=otlp` asks for it.

A document in X-Ray's JSON becomes `span`s of `message`s, which leave in `request`s that fit into a datagram each.
"""
