"""X-Ray's API, as far as traces are put, found and read by it: for boto3's `xray` client and the X-Ray daemon.

https://docs.aws.amazon.com/xray/latest/api/. Calls may be signed or not. What an operation answers comes from `put`,
`summaries`, `traces`, `services` and `sampling`; `operations` finds the one that a request is for.
"""
