"""The mood of a call as a picture for a phone: the waveform, a customer's speech coloured by mood, peaks with their time."""

from collections.abc import Mapping
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from voice.features import Floats
from voice.mood import UNCERTAIN, Call, Felt, Mood, Peak
from voice.transcript import Span

INKS: Mapping[str, str] = {
    "angry": "#c8281e",
    "happy": "#e6a117",
    "neutral": "#5f7f78",
    "sad": "#3a66b7",
    UNCERTAIN: "#9a8db8",
}
"""Colours that stay apart for those who see red and green alike: they differ in lightness as well."""
OTHERS = "#d5dbe2"
"""The ink of everybody else and of pauses."""

_GROUND, _TEXT, _LINE = "#ffffff", "#2b3440", "#c3cad3"
_SHARP = 3
"""Pixels to a point: phones have three."""
_WIDTH, _HEIGHT, _EDGE = 390, 190, 14
"""Points of the picture, as wide as a phone."""
_FLAG_TOP, _WAVE_TOP, _WAVE_BOTTOM, _LEGEND_TOP = 8, 46, 136, 164
_BAR, _GAP = 2.0, 1.0
"""Points of a bar of the waveform and of the space behind it."""
_SMALL, _PLAIN = 11, 12
BARS = int((_WIDTH - 2 * _EDGE) / (_BAR + _GAP))
"""How many bars the waveform has."""


def outline(call: Call, bars: int = BARS) -> Floats:
    """Return the loudness of a call in so many equal parts, 0 … 1 of the loudest, scaled so that speech is well seen.

    A part is read at a time.
    """
    edges = np.linspace(0, call.duration, bars + 1)
    levels = np.array([_level(call.sound(Span(float(first), float(last))).mono) for first, last in pairwise(edges)])
    loudest = float(np.percentile(levels, 98)) or float(levels.max()) or 1.0
    return np.asarray(np.minimum(levels / loudest, 1.0) ** 0.7, np.float32)


def _level(sound: Floats) -> float:
    return float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0


def draw_curve(levels: Floats, seconds: float, mood: Mood, names: Mapping[str, str], font: Path | None = None) -> bytes:
    """Return a PNG, 1,170 pixels wide. `levels`: an outline over the whole call, which lasts `seconds`; `names`: how each
    emotion, "uncertain" and "others" are called in the reader's language; `font`: a file that can write these names."""
    image = Image.new("RGB", (_WIDTH * _SHARP, _HEIGHT * _SHARP), _GROUND)
    draw = ImageDraw.Draw(image)
    letters = partial(_letters, font)
    seconds = max(seconds, 0.001)
    _wave(draw, levels, seconds, mood)
    _axis(draw, seconds, letters)
    _flags(draw, mood.peaks, seconds, letters)
    _legend(draw, mood, names, letters)
    written = BytesIO()
    image.quantize(64, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    return written.getvalue()


def told_time(seconds: float) -> str:
    """Return a moment of a call as people write it: 0:07, 12:40, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _letters(font: Path | None, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if font is None:
        return ImageFont.load_default(size * _SHARP)
    return ImageFont.truetype(str(font), size * _SHARP, layout_engine=ImageFont.Layout.BASIC)


def _wave(draw: ImageDraw.ImageDraw, levels: Floats, seconds: float, mood: Mood) -> None:
    middle, half = (_WAVE_TOP + _WAVE_BOTTOM) / 2, (_WAVE_BOTTOM - _WAVE_TOP) / 2
    step = (_WIDTH - 2 * _EDGE) / max(len(levels), 1)
    for number, level in enumerate(levels):
        left = _EDGE + number * step
        high = max(float(level) * half, 0.8)
        ink = _ink(mood.felt, number * seconds / len(levels), (number + 1) * seconds / len(levels))
        box = [left, middle - high, left + max(step - _GAP, 0.6), middle + high]
        draw.rounded_rectangle([round(edge * _SHARP) for edge in box], round(_BAR * _SHARP / 2), ink)


def _ink(felt: tuple[Felt, ...], start: float, end: float) -> str:
    """Return the ink of what is said in most of this time by the customer, or that of the others."""
    shares = [(min(one.end, end) - max(one.start, start), one) for one in felt if one.start < end and one.end > start]
    if not shares:
        return OTHERS
    _, most = max(shares, key=lambda share: share[0])
    return INKS[most.emotion]


def _axis(draw: ImageDraw.ImageDraw, seconds: float, letters: partial[ImageFont.FreeTypeFont | ImageFont.ImageFont]) -> None:
    step = next((one for one in _STEPS if seconds / one <= 6), _STEPS[-1])
    last = _WIDTH - _EDGE - draw.textlength(told_time(seconds), letters(_SMALL)) / _SHARP
    for moment in np.arange(0, seconds, step):
        place = _place(float(moment), seconds)
        half = draw.textlength(told_time(float(moment)), letters(_SMALL)) / _SHARP / 2
        if place + half + 6 > last and moment:
            continue
        draw.line([_at(place, _WAVE_BOTTOM + 4), _at(place, _WAVE_BOTTOM + 8)], _LINE, _SHARP)
        anchor = "la" if not moment else "ma"
        draw.text(_at(place, _WAVE_BOTTOM + 9), told_time(float(moment)), _TEXT, letters(_SMALL), anchor=anchor)
    draw.text(_at(_WIDTH - _EDGE, _WAVE_BOTTOM + 9), told_time(seconds), _TEXT, letters(_SMALL), anchor="ra")


_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def _flags(
    draw: ImageDraw.ImageDraw,
    peaks: tuple[Peak, ...],
    seconds: float,
    letters: partial[ImageFont.FreeTypeFont | ImageFont.ImageFont],
) -> None:
    """Draw each peak as a flag with its time; where two would overlap the weaker keeps its point and loses its time."""
    taken: list[tuple[float, float]] = []
    for peak in sorted(peaks, key=lambda one: -one.strength):
        text, place = told_time(peak.at), _place(peak.at, seconds)
        wide = draw.textlength(text, letters(_PLAIN)) / _SHARP + 12
        left = min(max(place - wide / 2, _EDGE), _WIDTH - _EDGE - wide)
        ink = INKS[peak.emotion]
        draw.line([_at(place, _FLAG_TOP + 27), _at(place, _WAVE_BOTTOM)], ink, _SHARP)
        draw.polygon([_at(place - 4, _FLAG_TOP + 21), _at(place + 4, _FLAG_TOP + 21), _at(place, _FLAG_TOP + 29)], ink)
        if any(left < end and left + wide > start for start, end in taken):
            continue
        taken.append((left - 4, left + wide + 4))
        box = (*_at(left, _FLAG_TOP), *_at(left + wide, _FLAG_TOP + 21))
        draw.rounded_rectangle(box, 5 * _SHARP, ink)
        colour = _TEXT if peak.emotion == "happy" else _GROUND
        draw.text(_at(left + wide / 2, _FLAG_TOP + 10), text, colour, letters(_PLAIN), anchor="mm")


def _legend(
    draw: ImageDraw.ImageDraw,
    mood: Mood,
    names: Mapping[str, str],
    letters: partial[ImageFont.FreeTypeFont | ImageFont.ImageFont],
) -> None:
    """Name the inks that the picture uses, in as small letters as it takes to fit them in a line."""
    used = [name for name in INKS if any(one.emotion == name for one in mood.felt)]
    entries = [(INKS[name], names[name]) for name in used] + [(OTHERS, names["others"])]
    size = float(_SMALL)
    while size > 7 and _legend_width(draw, entries, letters(size)) > _WIDTH - 2 * _EDGE:
        size -= 0.5
    at = float(_EDGE)
    for ink, name in entries:
        draw.ellipse((*_at(at, _LEGEND_TOP + 3), *_at(at + 8, _LEGEND_TOP + 11)), ink)
        draw.text(_at(at + 12, _LEGEND_TOP + 7), name, _TEXT, letters(size), anchor="lm")
        at += 12 + draw.textlength(name, letters(size)) / _SHARP + 12


def _legend_width(
    draw: ImageDraw.ImageDraw, entries: list[tuple[str, str]], letters: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> float:
    return sum(24 + draw.textlength(name, letters) / _SHARP for _, name in entries) - 12


def _place(moment: float, seconds: float) -> float:
    return _EDGE + (_WIDTH - 2 * _EDGE) * min(moment / seconds, 1.0)


def _at(across: float, down: float) -> tuple[int, int]:
    return round(across * _SHARP), round(down * _SHARP)
