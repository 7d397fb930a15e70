"""Episodes: many worlds in step, many processes, a journal, and every failure in its own row."""
