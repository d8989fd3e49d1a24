"""Another library may set PyAV's log level; FFmpeg's threads must not wait for Python because of that."""

import random
import subprocess
import sys
from pathlib import Path

import av
import av.logging
import numpy as np
import pytest

from mmtool.video.containers import open_video
from support.numbered_films import make_film

READ_DAMAGED_FILM = """
import sys
from pathlib import Path
from threading import Thread
import av
import av.logging
from mmtool.video.containers import open_video

def read():
    for _ in range(15):
        with open_video(Path(sys.argv[1])) as (container, stream):
            for _, packet in zip(range(20), container.demux(stream)):
                try:
                    packet.decode()
                except av.FFmpegError:
                    pass

av.logging.set_level(av.logging.ERROR)  # as `import torchvision` does up to 0.25
threads = [Thread(target=read) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.fixture(autouse=True)
def quiet_again():
    yield
    av.logging.set_level(None)


def test_no_log_level_is_left_when_a_film_is_opened_and_closed(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", frames=range(5))
    av.logging.set_level(av.logging.ERROR)
    with open_video(path):
        assert av.logging.get_level() is None
        av.logging.set_level(av.logging.ERROR)
    assert av.logging.get_level() is None


def test_torchvision_may_be_imported_before_films_are_opened(tmp_path: Path) -> None:
    import torchvision  # noqa: F401

    with open_video(make_film(tmp_path / "film.mp4", frames=range(5))):
        assert av.logging.get_level() is None


def test_a_damaged_film_does_not_block_threads_after_a_log_level_was_set(tmp_path: Path) -> None:
    path = damaged_noise(tmp_path / "film.mp4")
    command = [sys.executable, "-c", READ_DAMAGED_FILM, str(path)]
    subprocess.run(command, check=True, timeout=120)


def damaged_noise(path: Path) -> Path:
    """A film whose packets have wrong bits, so that FFmpeg's decoding threads have much to log."""
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(40):
            picture = noise.integers(0, 255, (240, 320, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    content, chance = bytearray(path.read_bytes()), random.Random(1)
    for _ in range(1600):
        content[chance.randrange(5000, len(content) - 4000)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return path
