"""What transcripts contain besides words: ``[Music]``, ``(SIGHS)``, ``♪``, ``>>``."""

import re
from collections.abc import Sequence
from itertools import accumulate

from mmtool.transcripts.utterances import Heard

_BRACKETS = re.compile(r"\[[^\[\]]*\]|<[^<>]*>|(?<!\S)\*[^*]+\*(?!\w)")  # but not "f***"
_PARENTHESES = re.compile(r"\([^()]*\)|（[^（）]*）")


def without_sounds(words: Sequence[Heard]) -> tuple[Heard, ...]:
    """The words of an utterance without descriptions of sounds, and without marks that nobody says.

    Square brackets and asterisks always hold a sound. Parentheses do where they are all of the utterance, or
    written in capitals: ``(SIGHS)``.
    """
    text = " ".join(word.text for word in words)
    ends = accumulate(len(word.text) + 1 for word in words)
    spans = [found.span() for found in _BRACKETS.finditer(text)]
    outside = _BRACKETS.sub("", _PARENTHESES.sub("", text))
    is_all = not any(map(str.isalnum, outside))
    spans += [found.span() for found in _PARENTHESES.finditer(text) if is_all or found[0].isupper()]
    kept = []
    for word, end in zip(words, ends, strict=True):
        start = end - len(word.text) - 1
        is_sound = any(first <= start and end - 1 <= last for first, last in spans)
        if not is_sound and any(map(str.isalnum, word.text)):
            kept.append(word)
    return tuple(kept)
