#!/usr/bin/env bash
# Set up, then lint, types and tests. Genuine data files are used where FAIRWATT_SHARED (default ../shared) has them.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" dev
unset PYTHONDONTWRITEBYTECODE  # the tests start many processes, which would compile everything again
echo "== ruff"
.venv/bin/ruff check .
.venv/bin/ruff format --check .
echo "== mypy"
.venv/bin/mypy
echo "== pytest"
.venv/bin/pytest -n auto --dist worksteal "$@"
