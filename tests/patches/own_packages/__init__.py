"""Your own packages, patched: each function of theirs is a subsegment, and stays the function that it was."""
