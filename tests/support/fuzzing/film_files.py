"""Films in several containers, damaged, cut short, or something else below a film's name."""

from pathlib import Path
from random import Random

import av

from support.films import scenes, write_film
from support.fuzzing.cases import Case, Step, command
from support.fuzzing.mutation import change_bytes

FILMS = {  # container → codec; each film has sound where its container allows it
    ".mp4": "mpeg4",
    ".mov": "libx264",
    ".m4v": "libx265",
    ".mkv": "libx264",
    ".webm": "libvpx",
    ".avi": "mpeg4",
    ".ts": "mpeg2video",
    ".mpg": "mpeg1video",
    ".wmv": "wmv2",
    ".m2ts": "libx264",
}
TEXT = "one line\nanother line\n"
PLAYLISTS = (
    "ffconcat version 1.0\nfile '/etc/hostname'\n",
    "#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
    "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n",
    "[playlist]\nFile1=/etc/passwd\n",
    "<?xml version='1.0'?><MPD><Period><BaseURL>file:///etc/passwd</BaseURL></Period></MPD>",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
)
TAG = b"Amxlie"


def tagged(path: Path, film: Path) -> None:
    """The film again, with a title."""
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        target.metadata["title"] = TAG.decode()
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)


class FilmFiles:
    """A film changed, cut into clips; now and then aligned, and its clips exported."""

    def prepare(self, seeds: Path) -> None:
        seeds.mkdir(parents=True)
        for suffix, codec in FILMS.items():
            frames = scenes(lengths=(10, 12, 9), size=(48, 64) if suffix != ".m4v" else (64, 80))
            sound = 0.0 if suffix in (".webm", ".wmv") else 1.0
            write_film(seeds / f"film{suffix}", frames, codec=codec, key_frames=8, sound=sound)
        for suffix in (".mp4", ".mkv", ".avi", ".mov"):
            tagged(seeds / f"tagged{suffix}", seeds / f"film{suffix}")

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:
        source = rng.choice(sorted(seeds.glob("*.*")))
        suffix = source.suffix if rng.random() < 0.9 else rng.choice(tuple(FILMS))
        path = folder / "videos" / f"a{suffix}"
        path.parent.mkdir()
        path.write_bytes(self._changed(rng, source))
        return Case(self._steps(rng, folder), path)

    def _changed(self, rng: Random, source: Path) -> bytes:
        how = rng.random()
        if how < 0.03:
            return rng.choice(PLAYLISTS).encode()
        data = source.read_bytes()
        if how < 0.10:
            return data.replace(TAG, rng.choice((b"Am\xe9lie", b"\xff\xfe\x00\x00x\x80", b"Am\x1b[2J")))
        if how < 0.15:
            return data + data
        if how < 0.20:
            return data[: rng.randrange(len(data))]
        return change_bytes(rng, data, head=rng.choice((200, 2000)))

    def _steps(self, rng: Random, folder: Path) -> list[Step]:
        options = rng.choice(
            (
                *((), (), (), ("--incomplete",), ("--detector", "adaptive"), ("--detector", "hash")),
                *(("--stats",), ("--thumbnails",), ("--suggest",), ("--start", "0.5", "--end", "1")),
            )
        )
        steps = [command(folder, "segment", folder, "--workers", "1", *options)]
        if rng.random() < 0.1:
            (folder / "texts").mkdir()
            (folder / "texts" / "a.txt").write_text(TEXT, encoding="utf-8")
            export = ("export", "alignments", folder, "--run", "semi-markov", "--format")
            steps += [
                command(folder, "align", folder),
                command(folder, "report", folder, "--run", "semi-markov"),
                command(folder, *export, rng.choice(("clips", "clips", "otio", "edl", "fcpxml"))),
            ]
        return steps
