"""Durable functions, run by the local runner of the AWS Durable Execution SDK."""
