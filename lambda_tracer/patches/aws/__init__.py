"""Calls of AWS services: a small file a library, and what they share."""
