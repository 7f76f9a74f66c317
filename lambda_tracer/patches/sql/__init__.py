"""SQL drivers: a small file a library, and what they share."""
