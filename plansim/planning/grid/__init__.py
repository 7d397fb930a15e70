"""Shortest paths over the cells of a map."""
