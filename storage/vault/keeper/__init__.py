"""The keeper: the one process that holds the instance's keys, and the ways in which the others ask it."""
