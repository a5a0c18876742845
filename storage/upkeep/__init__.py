"""Upkeep: does what lies in the store and what the catalog says agree."""
