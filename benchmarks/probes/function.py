"""The function that the real runtime client runs: ten captured calls under a captured handler."""

import os

import subjects

subject = subjects.make(os.environ["BENCHMARK_SUBJECT"])


@subject.method
def charge(number):
    return {"id": number, "status": "paid", "amount": 12.5}


@subject.handler
def lambda_handler(event, context):
    for number in range(10):
        charge(number)
    return {"ok": True}
