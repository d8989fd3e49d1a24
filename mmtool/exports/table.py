"""The table of export formats: the package's own, and those of the entry points ``mmtool.exports``."""

from mmtool.exports.contract import ExportFormat
from mmtool.plugins import Registry

EXPORT_FORMATS: Registry[ExportFormat] = Registry(
    "mmtool.exports",
    "format",
    {
        "srt": "mmtool.exports.subtitles:SRT",
        "vtt": "mmtool.exports.subtitles:VTT",
        "ass": "mmtool.exports.subtitles:ASS",
        "csv": "mmtool.exports.listings:CSV",
        "jsonl": "mmtool.exports.listings:JSONL",
        "otio": "mmtool.exports.timelines:OTIO",
        "edl": "mmtool.exports.edit_decisions:EDL",
        "fcpxml": "mmtool.exports.final_cut:FCPXML",
        "fcp7": "mmtool.exports.timelines:FCP7",
        "eaf": "mmtool.exports.elan:EAF",
        "clips": "mmtool.exports.clips:CLIPS",
        "webdataset": "mmtool.exports.clips:WEBDATASET",
    },
    expected="an ExportFormat",
    accepts=lambda loaded: isinstance(loaded, ExportFormat),
)
