"""The hot folder: which file is whole and may be taken, and where it lies once its outcome is final."""
