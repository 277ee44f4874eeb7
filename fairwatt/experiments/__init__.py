"""Running: studies, the runner, executors, stored results, and trainings of our own."""
