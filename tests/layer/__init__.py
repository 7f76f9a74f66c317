"""The layer: its zip, what runs with it, and the exec wrapper."""
