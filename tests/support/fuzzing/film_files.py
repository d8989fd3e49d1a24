"""Films in several containers, damaged, cut short, or something else below a film's name."""

import shutil
from pathlib import Path
from random import Random

import av

from support.films import scenes, write_film
from support.fuzzing.cases import Case, Step, Wrong, command
from support.fuzzing.mutation import change_bytes
from support.numbered_films import make_film

SOUNDING = {"a.mp4": "mpeg4", "b.mov": "libx264", "c.mkv": "libx264"}  # with a track of sound
SILENT = {
    "d.avi": "mpeg4",
    "e.m4v": "mpeg4",
    "f.webm": "libvpx",
    "g.ts": "mpeg2video",
    "h.mpg": "mpeg1video",
    "i.wmv": "wmv2",
    "j.m2ts": "libx264",
    "k.mkv": "libx265",
    "l.mp4": "libx264",
}
TEXT = "one line\nanother line\n"
PLAYLISTS = (  # texts that open other files; no film
    "ffconcat version 1.0\nfile 'other/film.avi'\n",
    "#EXTM3U\n#EXTINF:10,\nother/film.avi\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile '/etc/hostname'\n",
    "#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
    "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n",
    "[playlist]\nFile1=/etc/passwd\n",
    "<?xml version='1.0'?><MPD><Period><BaseURL>file:///etc/passwd</BaseURL></Period></MPD>",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
)
TAG = b"Amxlie"


def refused(step: Step) -> Step:
    """The step, which must not give a result."""

    def run() -> None:
        step.run()
        raise Wrong("a text that names another file was read as a film")

    return Step(step.how, run)


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
        for name, codec in SOUNDING.items():
            frames = scenes(lengths=(10, 12, 9), size=(48, 64))
            write_film(seeds / name, frames, codec=codec, key_frames=8, sound=1.0)
        for name, codec in SILENT.items():
            make_film(seeds / name, codec, frames=range(30, 60), keep=8)  # a cut at 40
        for name in ("a.mp4", "b.mov", "c.mkv", "d.avi"):
            tagged(seeds / f"tagged-{name}", seeds / name)

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:
        source = rng.choice(sorted(seeds.glob("[!.]*")))
        suffix = source.suffix if rng.random() < 0.9 else Path(rng.choice(tuple(SILENT))).suffix
        path = folder / "videos" / f"a{suffix}"
        path.parent.mkdir()
        if rng.random() < 0.03:
            path.write_text(rng.choice(PLAYLISTS), encoding="utf-8")
            (path.parent / "other").mkdir()
            shutil.copyfile(seeds / "d.avi", path.parent / "other" / "film.avi")
            return Case([refused(command(folder, "segment", folder, "--workers", "1"))], path)
        path.write_bytes(self._changed(rng, source))
        return Case(self._steps(rng, folder), path)

    def _changed(self, rng: Random, source: Path) -> bytes:
        how = rng.random()
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
                command(folder, *export, rng.choice(("clips", "clips", "otio", "edl", "fcpxml", "fcp7"))),
            ]
        return steps
