"""A subsegment becomes JSON: within X-Ray's limits, without secrets, whatever values it holds."""
