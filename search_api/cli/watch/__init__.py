"""The parts of `watch`: scanners and their folders, each file's way to its outcome, and what is said of it."""
