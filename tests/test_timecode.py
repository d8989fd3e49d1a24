"""Timecode, by numbers that can be checked by hand."""

import pytest

from mmtool.timecode import can_drop, exact_rate, frame_of, is_drop, timecode_of

NTSC = 30000 / 1001


@pytest.mark.parametrize(
    ("text", "rate", "frame"),
    [
        ("00:00:00:00", 25, 0),
        ("00:00:01:00", 25, 25),
        ("01:00:00:00", 24, 86_400),
        ("01:00:00:00", 23.976, 86_400),  # counts 24 a second, which take longer
        ("00:00:00:49", 50, 49),
        ("00:01:00:00", 29.97, 1_800),  # non-drop
        ("00:00:59;29", 29.97, 1_799),
        ("00:01:00;02", 29.97, 1_800),  # ;00 and ;01 do not exist
        ("00:09:59;29", 29.97, 17_981),
        ("00:10:00;00", 29.97, 17_982),  # every tenth minute leaves out nothing
        ("01:00:00;00", 29.97, 107_892),
        ("10:00:00;00", 29.97, 1_078_920),
        ("00:01:00;04", 59.94, 3_600),
        ("01:00:00;00", 59.94, 215_784),
        ("01:00:00;00", 25, 90_000),  # drop-frame does not exist at 25
        ("01:00:00:00", 60, 216_000),
        ("00:00:00:09", 10, 9),
    ],
)
def test_a_timecode_is_the_number_of_a_frame(text, rate, frame):
    assert frame_of(text, rate) == frame
    assert timecode_of(frame, rate, drop=is_drop(text)) == (
        text if can_drop(rate) else text.replace(";", ":")
    )


@pytest.mark.parametrize("rate", [23.976, 24, 25, 29.97, 30, 50, 59.94, 60])
@pytest.mark.parametrize("drop", [False, True])
def test_every_frame_has_a_timecode_of_its_own(rate, drop):
    start, count = frame_of("00:58:59:00", rate, drop=drop), 70 * round(rate)
    texts = [timecode_of(start + number, rate, drop=drop) for number in range(count)]
    assert texts == sorted(set(texts))
    assert [frame_of(text, rate) for text in texts] == list(range(start, start + count))


def test_a_separator_or_the_caller_says_what_is_drop_frame():
    assert frame_of("00:01:00:02", NTSC, drop=True) == 1_800
    assert frame_of("00:01:00;02", NTSC, drop=False) == 1_802
    assert frame_of("00:01:00;00", NTSC) == 1_800  # does not exist: the next that does
    assert timecode_of(24 * 90_000 + 1, 25) == "00:00:00:01"  # a day later


@pytest.mark.parametrize("text", ["00:00:00:25", "00:60:00:00", "00:00:60:00", "1:00", "", "00:00:00:0x"])
def test_impossible_timecodes_are_refused(text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        frame_of(text, 25)


def test_rounded_rates_are_meant_exactly():
    rates = {23.976: (24000, 1001), 23.98: (24000, 1001), 29.97: (30000, 1001), 59.94: (60000, 1001)}
    for rate, meant in rates.items():
        assert exact_rate(rate).as_integer_ratio() == meant
    assert exact_rate(25.0) == 25
    assert exact_rate(12.5) == 12.5
