"""From a path to a motion: shortcuts, corridors, smoothing, timing."""
