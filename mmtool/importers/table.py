"""The table of importers: the package's own, and those of the entry points ``mmtool.importers``."""

from mmtool.importers.contract import Importer
from mmtool.plugins import Registry

IMPORTERS: Registry[Importer] = Registry(
    "mmtool.importers",
    "importer",
    {
        "yms": "mmtool.importers.yms:YMS",
        "msymon": "mmtool.importers.msymon:MSYMON",
        "symon": "mmtool.importers.symon:SYMON",
        "youcook2": "mmtool.importers.youcook2:YOUCOOK2",
    },
    expected="an Importer",
    accepts=lambda loaded: isinstance(loaded, Importer),
)
