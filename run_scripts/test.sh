#!/usr/bin/env bash
# Set up, then lint, types and tests. Genuine data files are used where FAIRWATT_SHARED (default ../shared) has them.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" dev
if ! .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("hpbandster") is None)'; then
  echo "== installing HpBandSter (one of its packages compiles)"
  .venv/bin/pip install --quiet --quiet --constraint constraints.txt --editable ".[hpbandster]" ||
    echo "== HpBandSter could not be installed (it needs a C compiler): its tests will be skipped" >&2
fi
unset PYTHONDONTWRITEBYTECODE  # the tests start many processes, which would compile everything again
echo "== ruff"
.venv/bin/ruff check .
.venv/bin/ruff format --check .
echo "== mypy"
.venv/bin/mypy
echo "== pytest"
.venv/bin/pytest -n auto --dist worksteal "$@"
