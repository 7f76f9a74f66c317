"""Web frameworks that answer a captured handler's request: its route, and the exception that became its answer."""
