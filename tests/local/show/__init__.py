"""What is printed: results, and traces as waterfalls."""
