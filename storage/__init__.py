"""The strong room: vault, catalog, access, index, audit; and what all rooms share: errors, settings, clock, ids."""
