"""The sandbox that Lambda runs a function in: its cold start, and the snapshot it may come from."""
