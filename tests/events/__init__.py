"""What events say of where they came from."""
