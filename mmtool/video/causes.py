"""Why a file cannot be read as a film: what its bytes say, before any decoder is asked."""

import errno
import os
import re
import time
from pathlib import Path

from mmtool.errors import InputError

HEAD = 1 << 16  # bytes in which a container says what it is
RECENT = 60  # seconds; a file that changed later than that may still be being written
LISTS = {
    re.compile(rb"\s*ffconcat\s"): "a list of films (ffconcat)",
    re.compile(rb"\s*#EXTM3U"): "a playlist (M3U, HLS)",
    re.compile(rb"(?s)\s*<.{0,2000}<(\w+:)?MPD[\s>]|\s*<MPD[\s>]"): "a playlist (DASH)",
    re.compile(rb"(?s)\s*<.{0,2000}<(\w+:)?(CompositionPlaylist|SmoothStreamingMedia)[\s>]"): "a playlist",
    re.compile(rb"(?i)\s*\[playlist\]"): "a playlist (PLS)",
    re.compile(rb"\s*v=0\r?\no="): "a description of a stream (SDP)",
    re.compile(rb"version https://git-lfs\.github\.com/spec/"): "a pointer of Git LFS",
    re.compile(rb"(?i)\s*<(!doctype )?html"): "a web page",
}
IN_USE = {errno.EACCES, errno.EPERM, errno.EBUSY, errno.EAGAIN, errno.ETXTBSY}
MATROSKA = b"\x1aE\xdf\xa3"
TS_PACKET, TS_SYNC = 188, 0x47
ASF_ENCRYPTION = bytes.fromhex("fbb31122 23bdd211 b4b700a0 c955fc6e")  # Content Encryption Object


def check_file(path: Path) -> None:
    """Raise InputError for a file that is missing, unreadable or empty, or whose name would crash OpenCV."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        raise InputError(
            ascii(str(path)), "its name is not valid UTF-8", "rename the file or its folder"
        ) from None
    try:
        with path.open("rb") as file:
            first_byte = file.read(1)
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        raise unreadable(path, error) from error
    if not first_byte:
        raise InputError(path, "the file is empty", "copy or download it again")


def missing(path: Path) -> InputError:
    """Build the error for a file that is not there, or a link whose target is not there."""
    if path.is_symlink():
        target = path.readlink()
        return InputError(path, f"links to {target}, which does not exist", "put the film back, or relink it")
    return InputError(path, "no such file", "check the path")


def unreadable(path: Path, error: OSError) -> InputError:
    """Build the error for a file that is there, but cannot be read; it is not called damaged."""
    reason = error.strerror or str(error)
    if getattr(error, "winerror", None) in (32, 33) or error.errno in IN_USE:
        remedy = "allow reading it, or close the program that holds it"
    elif error.errno == errno.ELOOP:
        remedy = "relink it: it links to itself"
    else:
        remedy = "check that it is a readable file, and that its disk or network share is connected"
    return InputError(path, f"cannot be read ({reason})", remedy)


def no_video(path: Path) -> InputError:
    """Build the error for a file that no demuxer opens."""
    kind = listed(path)
    if kind:
        return refused(path, kind)
    if lacks_index(path):
        problem = "not a video that can be decoded: it is incomplete, its index (moov) is missing"
        return InputError(path, problem, _unless_written(path, "copy, download or record it again"))
    remedy = "re-encode it (ffmpeg -i OLD NEW.mp4), or copy it again if it is damaged"
    return InputError(path, "not a video that can be decoded", _unless_written(path, remedy))


def no_frames(path: Path) -> InputError:
    """Build the error for a container in which no frame can be decoded."""
    if is_encrypted(path):
        return InputError(path, "is encrypted, so its pictures cannot be decoded", "use a copy without DRM")
    remedy = _unless_written(path, "copy or download the file again, or re-encode it")
    return InputError(path, "no frame can be decoded", remedy)


def refused(path: Path, kind: str) -> InputError:
    """Build the error for a file that would make FFmpeg open other files."""
    return InputError(path, f"is {kind}, not a film", "put the film itself there")


def listed(path: Path) -> str:
    """What kind of list of other files this is; empty if it is none."""
    head = _read(path, HEAD).removeprefix(b"\xef\xbb\xbf")
    return next((kind for pattern, kind in LISTS.items() if pattern.match(head)), "")


def is_encrypted(path: Path) -> bool:
    """Whether a file whose pictures cannot be decoded says that they are encrypted."""
    head = _read(path, HEAD)
    if head[4:8] in (b"ftyp", b"moov", b"styp"):
        index = _box(path, b"moov")
        return b"encv" in index or b"pssh" in index
    if head.startswith(MATROSKA):  # Matroska: ContentEncodings with a ContentEncryption in it
        return re.search(rb"(?s)\x6d\x80.{1,40}\x50\x35", _read(path, 1 << 20)) is not None
    if head.startswith(bytes.fromhex("3026b2758e66cf11")):
        return ASF_ENCRYPTION in head
    for size, skip in ((TS_PACKET, 0), (TS_PACKET + 4, 4)):
        packets = [head[at : at + 4] for at in range(skip, len(head) - size, size)]
        if len(packets) > 2 and all(packet[0] == TS_SYNC for packet in packets):
            return any(packet[3] & 0xC0 for packet in packets)
    return head.startswith(b"\0\0\1\xba") and re.search(rb"\x00\x00\x01\xe0..[\xb0-\xbf]", head) is not None


def coded_as(path: Path) -> str:
    """The name that a container gives to the codec of its pictures; empty if it is not found."""
    head = _read(path, HEAD)
    if found := re.search(rb"V_[A-Z0-9/_]{2,40}", head) if head.startswith(MATROSKA) else None:
        return found[0].decode()
    entries = re.findall(rb"(?s)vmhd.*?stsd.{12}([ -~]{4})", _box(path, b"moov"))
    return entries[0].decode() if entries else ""


def lacks_index(path: Path) -> bool:
    """Whether a file of the MP4 family has no ``moov``, which recorders and downloads write last."""
    return _read(path, 8)[4:8] in (b"ftyp", b"mdat", b"wide") and not _box(path, b"moov")


def _box(path: Path, wanted: bytes, *, at_most: int = 1 << 24) -> bytes:
    """The content of a top-level box of MP4; empty if it is not there."""
    with path.open("rb") as file:
        end, place = os.fstat(file.fileno()).st_size, 0
        while place + 8 <= end:
            file.seek(place)
            head = file.read(16)
            size, name = int.from_bytes(head[:4]), head[4:8]
            if size == 1:
                size = int.from_bytes(head[8:16])
            if name == wanted:
                return head[8:] + file.read(min(size, at_most)) if place + size <= end else b""
            if size < 8:  # the last box, which runs to the end, or damage
                break
            place += size
    return b""


def _unless_written(path: Path, remedy: str) -> str:
    """The remedy for a file that may just not be complete yet."""
    age = time.time() - path.stat().st_mtime
    if not 0 <= age < RECENT:
        return remedy
    return (
        f"it changed {age:.0f} s ago: if it is still being written, wait until it is complete; else {remedy}"
    )


def _read(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)
