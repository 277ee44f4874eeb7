"""Models that stand in for trainings: energies, curves, and the predictors of optimizers."""
