"""Searches on any networkx graph, with any heuristic."""
