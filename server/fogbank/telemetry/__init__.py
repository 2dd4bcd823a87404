"""What the server says of itself: logs and metrics. No key and no prompt in either."""
