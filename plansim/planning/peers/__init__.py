"""Other libraries' planners behind our protocol, so that one scenario compares them with ours."""
