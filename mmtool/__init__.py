"""Align films with texts: segment, extract features, train, align, evaluate.

The names below are imported when they are first used, so that ``import mmtool`` is quick::

    import mmtool

    report = mmtool.segment("corpus", split="sentences", threshold=20)
    report = mmtool.align("corpus", run="first", split="test")

Each function of a stage takes the corpus folder, then a settings object or its fields as keywords, and
returns a report. What goes wrong is a :class:`CallError` or an :class:`InputError`.
"""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.errors import CallError as CallError
    from mmtool.errors import InputError as InputError
    from mmtool.errors import MmtoolError as MmtoolError
    from mmtool.errors import SettingError as SettingError
    from mmtool.records import Alignment as Alignment
    from mmtool.records import Clip as Clip
    from mmtool.records import Failure as Failure
    from mmtool.records import Interval as Interval
    from mmtool.records import Quality as Quality
    from mmtool.records import Report as Report
    from mmtool.records import Snippet as Snippet
    from mmtool.records import Verdict as Verdict
    from mmtool.settings.align import AlignSettings as AlignSettings
    from mmtool.stages.align import AlignedVideo as AlignedVideo
    from mmtool.stages.align import AlignReport as AlignReport
    from mmtool.stages.align import align as align

__version__ = "0.1.0"

_HOMES = {
    "mmtool.errors": ("CallError", "InputError", "MmtoolError", "SettingError"),
    "mmtool.records": (
        "Alignment",
        "Clip",
        "Failure",
        "Interval",
        "Quality",
        "Report",
        "Snippet",
        "Verdict",
    ),
    "mmtool.settings.align": ("AlignSettings",),
    "mmtool.stages.align": ("AlignReport", "AlignedVideo", "align"),
}
__getattr__, __dir__ = lazy_names(__name__, {name: home for home, names in _HOMES.items() for name in names})
