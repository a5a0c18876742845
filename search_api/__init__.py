"""The way out: the HTTP interface and the command line, which is its client."""
