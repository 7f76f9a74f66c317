"""The registry of patches: its names, when a library is patched, what stays as it was, and how it is undone."""
