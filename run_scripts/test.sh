#!/usr/bin/env bash
# Set up, then lint, types and tests. Genuine data files are used where FAIRWATT_SHARED (default ../shared) has them.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" dev
if ! .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("hpbandster") is None)'; then
  echo "== installing HpBandSter (one of its packages compiles)"
  .venv/bin/pip install --quiet --quiet --constraint constraints.txt --editable ".[hpbandster]" ||
    echo "== HpBandSter could not be installed (it needs a C compiler): its tests will be skipped" >&2
fi
# Debian's browser and its driver, with which the report is tested; elsewhere, or where they may not be installed, those
# tests are skipped and say why.
if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
  root=""
  if [ "$(id -u)" -ne 0 ]; then root="sudo -n"; fi
  if command -v apt-get >/dev/null && { [ -z "$root" ] || sudo -n true 2>/dev/null; }; then
    echo "== installing chromium and chromium-driver"
    quiet="env DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20"
    { $root $quiet update && $root $quiet install --yes --no-install-recommends chromium chromium-driver; } \
      >/dev/null 2>&1 </dev/null ||
      echo "== they could not be installed: the tests of the report in a browser will be skipped" >&2
  fi
fi
unset PYTHONDONTWRITEBYTECODE  # the tests start many processes, which would compile everything again
echo "== ruff"
.venv/bin/ruff check .
.venv/bin/ruff format --check .
echo "== mypy"
.venv/bin/mypy
echo "== pytest"
.venv/bin/pytest -n auto --dist worksteal "$@"
