"""Applications that answer the same requests, each with another framework and its adapters."""
