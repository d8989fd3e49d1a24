#!/usr/bin/env bash
# Run a few tests with the oldest versions that pyproject.toml allows, in an environment of 0.8 GB:
#   tests/smoke_floors.sh DIR
# torch, torchvision and ray, which are large, are those of the environment that is active, and so is what tests
# alone need. tests/make_floors_environment.sh makes an environment in which everything is at its oldest.
set -euo pipefail
directory=$(realpath -m "${1:?usage: $0 DIR}")
cd "$(dirname "$0")/.."

if python -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then
    echo "the oldest versions are not tried: some have no wheels for Python 3.13 and newer"
    exit 0
fi
python -m venv "$directory"
find_site='import sysconfig; print(sysconfig.get_path("purelib"))'
python -c "$find_site" > "$("$directory/bin/python" -c "$find_site")/active.pth"  # searched last
grep -vE '^(torch|torchvision|ray|playwright|pytest|pytest-xdist|hypothesis)==' tests/floors.txt > "$directory/floors.txt"
"$directory/bin/pip" install --quiet --constraint "$directory/floors.txt" '.[cut,export,pe-av,speech,transnetv2]'
"$directory/bin/python" - "$directory/floors.txt" <<'CHECK'
import sys
from importlib.metadata import version
from pathlib import Path

pins = [line.strip().split("==") for line in Path(sys.argv[1]).read_text().splitlines() if "==" in line]
wrong = [f"{name} {version(name)}, not {wanted}" for name, wanted in pins if version(name) != wanted]
sys.exit(f"not the oldest versions: {', '.join(wrong)}" if wrong else 0)
CHECK
"$directory/bin/python" -m pytest -m "not slow" tests/stages/test_chain.py tests/test_portability.py
