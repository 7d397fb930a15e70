"""Paths through the blocks of a quadtree or octree."""
