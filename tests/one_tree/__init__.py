"""Random programs, and the oracle that says which tree the trace of each must be."""
