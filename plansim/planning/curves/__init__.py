"""Shortest paths of a car that cannot turn on the spot: Dubins (forwards only) and Reeds-Shepp (backwards as well)."""
