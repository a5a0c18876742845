"""The way in: sources, reading, description, and the pipeline that knows their order."""
