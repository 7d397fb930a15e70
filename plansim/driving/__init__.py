"""Policies that drive a car on a road: what they remember of the traffic, how they plan, how they steer."""
