"""Ways for vehicles that cannot turn on the spot."""
