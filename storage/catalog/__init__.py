"""The catalog: the truth about records, people and work."""
