"""From bytes to pages of words: type, structure, text layer, pictures read. What parses runs in the sandbox alone."""
