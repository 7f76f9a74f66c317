"""What turns the sources into what is released; see `amalgamation` and `hatch_build`."""
