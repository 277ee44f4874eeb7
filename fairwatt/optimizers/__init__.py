"""One file per algorithm, named in full."""
