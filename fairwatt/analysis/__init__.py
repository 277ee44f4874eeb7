"""From run files to the verdict: trajectories, indicators, statistics. Computes; draws nothing."""
