"""The steps of one document's way, each from what lies durably in the store to one transaction."""
