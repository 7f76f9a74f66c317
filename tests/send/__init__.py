"""What has finished waits, leaves in few datagrams, and is not lost when a function is stopped."""
