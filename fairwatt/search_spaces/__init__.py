"""Search spaces and the benchmarks on them: what can be asked, and what it costs."""
