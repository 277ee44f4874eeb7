#!/usr/bin/env bash
# Set up, then compare seven optimizers on the embedded table: prints the verdict and where the report is.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" torch
echo "== seven optimizers x 30 seeds on digits-cells-5v, 30 full trainings of energy each"
.venv/bin/fairwatt demo "$@"
