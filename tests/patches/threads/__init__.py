"""Threads: what runs in one is below the subsegment that started it; and threads stay what they are."""
