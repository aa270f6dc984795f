"""Cuts the shipped fonts out of Noto Sans CJK, once, on a machine that has it; Parley itself never runs this.

`python -m actions.papers.fonts.cut_fonts /usr/share/fonts/opentype/noto` writes the two files beside this one.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, newTable

HERE = Path(__file__).parent
_SIMPLIFIED = 2
"""Which font of the collection has the letter shapes of mainland China."""
_CLOSE = 2.0
"""How far, in thousandths of an em, a curve may be from the original: not to be seen, and half the size of exact."""
_RANGES = (
    (0x20, 0x7F),  # ASCII
    (0xA0, 0x180),  # Latin-1 and Latin Extended-A
    (0x2010, 0x2040),  # dashes, quotation marks, per mille
    (0x20A0, 0x20C0),  # currency signs
    (0x2100, 0x2127),
    (0x2190, 0x2194),  # arrows
    (0x2460, 0x2474),  # circled numbers
    (0x25A0, 0x25D0),
    (0x3000, 0x3018),  # Chinese punctuation
    (0xFF01, 0xFF60),
    (0xFFE0, 0xFFE7),
)


def characters() -> set[int]:
    """GB 2312 whole, the ranges above, and the rarer characters of names in extra_characters.txt."""
    extra = (HERE / "extra_characters.txt").read_text(encoding="utf-8")
    ranges = (code for first, last in _RANGES for code in range(first, last))
    return {ord(one) for one in _gb2312()} | set(ranges) | {ord(one) for one in extra if not one.isspace()}


def cut(source: Path, target: Path) -> None:
    """One weight: the characters above, curves as TrueType has them, without hints and features."""
    font: Any = TTCollection(str(source)).fonts[_SIMPLIFIED]
    options = Options()
    options.layout_features = []
    options.hinting = options.legacy_kern = options.glyph_names = False
    options.notdef_outline = options.desubroutinize = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=sorted(characters()))
    subsetter.subset(font)
    _to_truetype(font)
    for record in font["name"].names:
        name = record.toUnicode()
        record.string = name.replace("Noto Sans CJK SC", "Noto Sans SC").replace("NotoSansCJKsc", "NotoSansSC")
    font.save(str(target))


def _to_truetype(font: Any) -> None:
    order, drawn = font.getGlyphOrder(), font.getGlyphSet()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    glyf = font["glyf"]
    glyf.glyphOrder, glyf.glyphs = order, {}
    for name in order:
        pen = TTGlyphPen(drawn)
        drawn[name].draw(Cu2QuPen(pen, _CLOSE, reverse_direction=True))
        glyf.glyphs[name] = glyph = pen.glyph()
        glyph.recalcBounds(glyf)
        # a glyph is drawn from its side bearing: where that is not its own left edge, it stands shifted
        font["hmtx"][name] = (font["hmtx"][name][0], glyph.xMin if glyph.numberOfContours else 0)
    del font["CFF "]
    top = font["maxp"]
    top.tableVersion, top.maxZones = 0x00010000, 1
    for name in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions"):
        setattr(top, f"max{name}", 0)
    top.maxComponentElements = 0
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"


def _gb2312() -> Iterator[str]:
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield bytes([row, cell]).decode("gb2312")
            except UnicodeDecodeError:
                continue  # not every place of the table is taken


if __name__ == "__main__":
    for weight in ("Regular", "Bold"):
        cut(Path(sys.argv[1]) / f"NotoSansCJK-{weight}.ttc", HERE / f"NotoSansSC-{weight}.ttf")
