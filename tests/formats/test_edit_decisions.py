"""Edit decision lists as different programs write them."""

import pytest

from mmtool.errors import InputError
from mmtool.formats.cut_lists import read_cut_list

NTSC, FILM = 30000 / 1001, 24000 / 1001


def event(number, record, *, reel="AX", channels="V", kind="C", source=None):
    return f"{number:03}  {reel} {channels}     {kind}        {source or record} {record}\n"


def read(tmp_path, text, *, frame_rate=25.0, end=10.0, **more):
    path = tmp_path / "a.edl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    clips, notes = read_cut_list(path, frame_rate=frame_rate, end=end, **more)
    return [(round(clip.start, 4), round(clip.end, 4)) for clip in clips], [
        n.split(": ", 1)[1] for n in notes
    ]


TWO = [(0.0, 2.0), (2.0, 4.04)]


@pytest.mark.parametrize("hour", ["00", "01", "10", "23"])
def test_record_times_may_start_at_any_hour(tmp_path, hour):
    text = event(1, f"{hour}:00:00:00 {hour}:00:02:00") + event(2, f"{hour}:00:02:00 {hour}:00:04:01")
    clips, notes = read(tmp_path, text)
    assert clips == TWO
    started = f"its record times count from {hour}:00:00:00, which was taken for the start of the film"
    assert notes == ([] if hour == "00" else [started])


def test_record_times_may_count_from_the_films_own_timecode(tmp_path):
    text = event(1, "14:23:07:10 14:23:09:10") + event(2, "14:23:09:10 14:23:11:11")
    assert read(tmp_path, text, media_start="14:23:07:10")[0] == TWO
    with pytest.raises(InputError, match=r"line 1: .* s is outside the film, which ends at 10 s"):
        read(tmp_path, text)


def test_bars_before_the_hour_are_no_part_of_the_film(tmp_path):
    text = event(1, "00:59:50:00 00:59:58:00") + event(2, "01:00:00:00 01:00:02:00")
    clips, notes = read(tmp_path, text + event(3, "01:00:02:00 01:00:04:01"))
    assert clips == TWO
    assert notes[0] == "1 event before 01:00:00:00 left out"


def test_an_hour_at_drop_frame_is_shorter(tmp_path):
    text = "FCM: DROP FRAME\n" + event(1, "01:00:00;00 01:01:00;02") + event(2, "01:01:00;02 01:02:00;02")
    clips, _ = read(tmp_path, text, frame_rate=NTSC, end=None)
    assert clips == [(0.0, 60.06), (60.06, round(3598 / NTSC, 4))]
    by_mode = text.replace(";", ":")  # only the line above says that it is drop-frame
    assert read(tmp_path, by_mode, frame_rate=NTSC, end=None)[0] == clips


def test_a_long_film_whose_list_starts_at_one_hour(tmp_path):
    text = event(1, "01:00:00:00 01:59:00:00") + event(2, "01:59:00:00 02:30:00:00")
    assert read(tmp_path, text, end=5400.0)[0] == [(0.0, 3540.0), (3540.0, 5400.0)]
    later = event(1, "00:30:00:00 01:00:00:00") + event(2, "01:00:00:00 01:20:00:00")
    assert read(tmp_path, later, end=5400.0) == ([(1800.0, 3600.0), (3600.0, 4800.0)], [])


def test_sound_is_left_out_and_counted(tmp_path):
    text = "".join(
        event(1, "00:00:00:00 00:00:02:00", channels=channels) for channels in ("V", "A", "A2", "AA", "NONE")
    ) + event(2, "00:00:02:00 00:00:04:01", channels="AA/V")
    assert read(tmp_path, text) == (TWO, ["4 events of sound were left out"])
    both = event(1, "00:00:00:00 00:00:02:00", channels="B") + event(
        2, "00:00:02:00 00:00:04:01", channels="V1"
    )
    assert read(tmp_path, both) == (TWO, [])
    with pytest.raises(InputError, match="contains no cuts, only events of sound"):
        read(tmp_path, event(1, "00:00:00:00 00:00:02:00", channels="A"))


@pytest.mark.parametrize("kind", ["D    025", "W001 025"])
def test_transitions_take_two_lines_and_begin_a_shot(tmp_path, kind):
    text = (
        event(1, "00:00:00:00 00:00:02:00", reel="FILM_A001C002 part 2")
        + event(2, "00:00:02:00 00:00:02:00")
        + event(2, "00:00:02:00 00:00:04:01", kind=kind, reel="BL")
        + "EFFECTS NAME IS CROSS DISSOLVE\n* FROM CLIP NAME: 001 a.mov\n* TO CLIP NAME: b.mov\n"
        + "M2   AX       050.0                00:00:02:00\n>>> SOURCE x\n"
    )
    assert read(tmp_path, text) == (TWO, [])


def test_a_higher_track_covers_a_lower_one(tmp_path):
    text = (
        event(1, "00:00:00:00 00:00:06:00", channels="V1")
        + event(2, "00:00:06:00 00:00:08:00", channels="V1")
        + event(3, "00:00:02:00 00:00:03:00", channels="V2")
        + event(4, "00:00:05:00 00:00:07:00", channels="V2")
    )
    expected = [(0.0, 2.0), (2.0, 3.0), (3.0, 5.0), (5.0, 7.0), (7.0, 8.0)]
    assert read(tmp_path, text) == (expected, [])
    lines = text.splitlines(keepends=True)
    assert read(tmp_path, "".join(lines[::-1]))[0] == expected  # whatever the order of the events


def test_keys_and_unreadable_events_are_counted(tmp_path):
    text = (
        event(1, "00:00:00:00 00:00:02:00", kind="K B")
        + event(1, "00:00:00:00 00:00:02:00", kind="K    025")
        + event(2, "00:00:02:00 00:00:04:01")
        + "003  AX V C 00:00:04:01\n"
    )
    assert read(tmp_path, text) == (
        TWO,
        ["1 keyed event was left out", "1 event could not be read"],
    )


def test_pyscenedetect_writes_the_seconds_of_the_clock(tmp_path):
    """Frame 14386 of 23.976 fps is shown at 600.016 s: 00:10:00:00, not 10 minutes of 24 frames a second."""
    head = "* CREATED WITH PYSCENEDETECT 0.7.2\nTITLE: a\nFCM: NON-DROP FRAME\n\n"
    text = head + event(1, "00:00:00:00 00:10:00:00") + event(2, "00:10:00:00 00:19:59:22")
    clips, _ = read(tmp_path, text, frame_rate=FILM, end=1210.0)
    assert clips == [(0.0, round(14386 / FILM, 4)), (round(14386 / FILM, 4), round(28770 / FILM, 4))]
    late, _ = read(tmp_path, text, frame_rate=FILM, end=1210.0, offset=1.5)
    assert late == [(start + 1.5, pytest.approx(end + 1.5)) for start, end in clips]


def test_comments_in_any_encoding_do_not_matter(tmp_path):
    text = (
        event(1, "00:00:00:00 00:00:02:00")
        + "* FROM CLIP NAME: Amélie\n"
        + event(2, "00:00:02:00 00:00:04:01")
    )
    for encoding in ("latin-1", "utf-8-sig", "utf-16"):
        assert read(tmp_path, text.replace("\n", "\r\n").encode(encoding))[0] == TWO
