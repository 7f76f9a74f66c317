"""What has finished waits here, leaves in few datagrams, and is not lost when a function is stopped."""
