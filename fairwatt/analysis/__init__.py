"""From run files to the verdict: trajectories, indicators, statistics, figures, report."""
