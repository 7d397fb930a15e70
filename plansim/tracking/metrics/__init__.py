"""How far tracks are from the truth: distances between sets, errors over time, and how tracks begin and end."""
