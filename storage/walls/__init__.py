"""Walls between processes: Landlock, memory that is not dumped, children that die with their parent."""
