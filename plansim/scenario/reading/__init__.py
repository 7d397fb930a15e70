"""From the text of a scenario file to recipes that are checked: every error of a file, each at its place."""
