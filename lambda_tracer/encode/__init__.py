"""A subsegment -> JSON within the limits of X-Ray, without secrets, whatever values it holds."""
