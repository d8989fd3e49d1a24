"""Cards: flat sepia patterns, unlike any place, some of them with words."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mmtool.synthetic.pictures import Card, Pattern
from mmtool.synthetic.places import RGB, Image

CREAM: RGB = (226, 210, 172)
INK: RGB = (58, 44, 28)
OLIVE: RGB = (150, 158, 112)
KHAKI: RGB = (84, 92, 56)
DARK: RGB = (24, 20, 12)
FONT = cv2.FONT_HERSHEY_COMPLEX_SMALL


def paint_card(card: Card, *, size: tuple[int, int]) -> Image:
    """Return a card as RGB (height, width, 3)."""
    dice = np.random.default_rng(card.seed)
    match card.pattern:
        case Pattern.TITLE:
            return _title(card.text, size)
        case Pattern.LEADER:
            return _leader(card.text, size, dice)
        case Pattern.CREDITS:
            return _credits(size, dice)
        case Pattern.CHECKERBOARD:
            return _checkerboard(size, dice)
        case Pattern.STRIPES:
            return _stripes(size, dice)
        case Pattern.STATIC:
            return _static(size, dice)


def _plain(size: tuple[int, int], colour: RGB) -> Image:
    return np.full((size[1], size[0], 3), colour, dtype=np.uint8)


def _title(text: str, size: tuple[int, int]) -> Image:
    width, height = size
    image = _plain(size, CREAM)
    for margin in (height // 14, height // 14 + 3):
        corners = (margin, margin), (width - margin, height - margin)
        cv2.rectangle(image, *corners, INK, 1, cv2.LINE_AA)
    lines = _wrap(text, letters=14)
    for number, line in enumerate(lines):
        middle = height / 2 + (number - (len(lines) - 1) / 2) * height / 6
        _write(image, line, centre=(width / 2, middle), scale=height / 180, colour=INK)
    return image


def _leader(numeral: str, size: tuple[int, int], dice: np.random.Generator) -> Image:
    """The countdown before old films, with its hand about halfway round."""
    width, height = size
    image = _plain(size, OLIVE)
    middle = (width // 2, height // 2)
    hand = int(dice.integers(150, 240))  # degrees, clockwise from the top
    cv2.ellipse(image, middle, (width, width), -90, 0, hand, KHAKI, cv2.FILLED, cv2.LINE_AA)
    cv2.line(image, (0, middle[1]), (width, middle[1]), INK, 1, cv2.LINE_AA)
    cv2.line(image, (middle[0], 0), (middle[0], height), INK, 1, cv2.LINE_AA)
    for radius in (0.36, 0.42):
        cv2.circle(image, middle, round(radius * height), CREAM, 1, cv2.LINE_AA)
    _write(image, numeral, centre=middle, scale=height / 40, colour=CREAM)
    return image


def _credits(size: tuple[int, int], dice: np.random.Generator) -> Image:
    """Names too small to read."""
    width, height = size
    image = _plain(size, DARK)
    step = height // 12
    for y in range(step, height - step // 2, step):
        left, right = dice.uniform(0.12, 0.36, size=2)
        for start, end in ((0.48 - left, 0.48), (0.52, 0.52 + right)):
            corners = (round(start * width), y), (round(end * width), y + step // 3)
            cv2.rectangle(image, *corners, CREAM, cv2.FILLED)
    return image


def _checkerboard(size: tuple[int, int], dice: np.random.Generator) -> Image:
    tile = size[1] // int(dice.integers(6, 9))
    rows, columns = np.indices((size[1], size[0])) // tile
    return _two_tone(((rows + columns) % 2).astype(np.float64))


def _stripes(size: tuple[int, int], dice: np.random.Generator) -> Image:
    period = size[1] / dice.integers(5, 8)
    rows, columns = np.indices((size[1], size[0]))
    wave = np.sin(2 * np.pi * (columns + dice.choice((-1, 1)) * rows) / period)
    return _two_tone(np.clip(wave * period / 5 + 0.5, 0, 1))


def _static(size: tuple[int, int], dice: np.random.Generator) -> Image:
    grain = dice.random((size[1] // 2, size[0] // 2))
    smooth = cv2.resize(grain, size, interpolation=cv2.INTER_LINEAR)
    return _two_tone(np.clip(3 * (smooth - 0.5) + 0.5, 0, 1))


def _two_tone(light: NDArray[np.float64]) -> Image:
    """From ink (0) to cream (1)."""
    ink, cream = np.array(INK, float), np.array(CREAM, float)
    image: Image = (ink + (cream - ink) * light[:, :, None]).astype(np.uint8)
    return image


def _wrap(text: str, *, letters: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _write(image: Image, text: str, *, centre: tuple[float, float], scale: float, colour: RGB) -> None:
    (width, height), _ = cv2.getTextSize(text, FONT, scale, 1)
    corner = (round(centre[0] - width / 2), round(centre[1] + height / 2))
    cv2.putText(image, text, corner, FONT, scale, colour, 1, cv2.LINE_AA)
