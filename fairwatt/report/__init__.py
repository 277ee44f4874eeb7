"""What a comparison looks like: words, figures, tables, one self-contained page. Shows; computes nothing."""
