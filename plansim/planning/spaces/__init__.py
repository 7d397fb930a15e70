"""Continuous spaces that planners search: R^n, poses, joints, and straight lines on a map."""
