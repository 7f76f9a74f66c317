"""OpenTelemetry's spans: read from their `wire` format or from JSON as `span`s, which become `segment_document`s.

An exporter of ADOT in Lambda sends datagrams to the X-Ray daemon's port, whose body is `T1S` or `T1U` (sampled or not)
and an `ExportTraceServiceRequest` in base64; others send the `request` over HTTP to `/v1/traces`
(https://opentelemetry.io/docs/specs/otlp/). Neither protobuf nor OpenTelemetry is needed for reading them.
"""
