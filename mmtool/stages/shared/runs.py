"""Which run is meant where none is named."""

from mmtool.errors import SettingError
from mmtool.formats.corpus import Corpus


def only_alignments(corpus: Corpus) -> str:
    """The name of the only folder of alignments; raises SettingError where there are none or several."""
    names = sorted(path.name for path in (corpus.root / "alignments").glob("[!.]*/"))
    if not names:
        raise SettingError("run", f"is needed: {corpus.root} has no alignments yet; run `mmtool align` first")
    if len(names) > 1:
        raise SettingError("run", f"is needed: there are alignments of {', '.join(names)}")
    return names[0]
