"""Published test vectors, unchanged, and what reads them."""
