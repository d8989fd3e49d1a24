"""The table of importers: the package's own, and those of the entry points ``mmtool.importers``."""

from mmtool.importers.contract import Importer
from mmtool.plugins import Registry

IMPORTERS: Registry[Importer] = Registry(
    "mmtool.importers",
    "importer",
    {"yms": "mmtool.importers.yms:YMS"},
    expected="an Importer",
    accepts=lambda loaded: isinstance(loaded, Importer),
)
