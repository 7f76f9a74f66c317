"""OpenTelemetry: spans of its API become subsegments."""
