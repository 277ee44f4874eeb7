# Sourced by quickstart.sh and test.sh: a virtual environment in .venv with fairwatt and the extras named in $1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1

python="${PYTHON:-python3}"
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "fairwatt needs Python 3.11 or newer; $python is $("$python" --version 2>&1). Set PYTHON to another one." >&2
  exit 2
fi
if [ ! -x .venv/bin/python ]; then
  echo "== making .venv with $("$python" --version)"
  "$python" -m venv .venv
fi
# PyTorch first and by exact version: an index that holds a CPU build of it serves that one.
if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
  echo "== installing PyTorch (the one large download)"
  .venv/bin/pip install --quiet --quiet torch==2.13.0
fi
stamp=".venv/fairwatt-$1-$(cat pyproject.toml constraints.txt | cksum | cut -d ' ' -f 1)"
if [ ! -e "$stamp" ]; then
  echo "== installing fairwatt[$1]"
  .venv/bin/pip install --quiet --quiet --constraint constraints.txt --editable ".[$1]"
  touch "$stamp"
fi
