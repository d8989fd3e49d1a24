"""What can be counted in a text; syllables, pauses and sentence ends are tested with the length encoder."""

import pytest

from mmtool.reading import TextCounts, count, ends_sentence


def test_counts_that_a_reader_can_check() -> None:
    assert count("  Then Anna\nmeets the FBI, in 1984. ") == TextCounts(
        syllables=7,  # Then, An-na, meets, the, FBI, in
        words=7,
        characters=33,
        letters=21,
        pauses=1,
        sentence_ends=1,
        digits=4,
        capitals=2,  # Anna, FBI
        acronyms=1,
    )
    assert count("") == TextCounts(0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "ends"), [("It ends.", True), ('"It ends!" ', True), ("It goes on,", False), ("", False)]
)
def test_a_text_that_ends_its_sentence(text: str, ends: bool) -> None:
    assert ends_sentence(text) is ends
