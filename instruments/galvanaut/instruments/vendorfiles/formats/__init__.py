"""One module per kind of file, each with a `FORMAT`."""
