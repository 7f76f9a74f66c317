"""Tests of `lambda_tracer.local.doctor`."""
