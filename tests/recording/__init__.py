"""Recording: how subsegments are opened and closed, which one is current, and when nothing is recorded."""
