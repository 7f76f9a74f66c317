"""What an event says of where it came from, and what its answer says: read by key lookups, never by value."""
