"""Tracing changes nothing that the user sees: every kind of callable, every hostile value, in every surrounding.

Each test does the same thing twice, with a plain callable and with a decorated one, and compares what came of it. The
project's guard lets errors of our own through in the tests, so that one fails here even where it would only be logged.
"""
