"""Other libraries' filters behind our protocol."""
