"""Segments of our own, where Lambda gives none: `sam local`, containers, scripts, servers. Loaded where asked for."""
