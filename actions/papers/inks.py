"""The colours of papers, dark enough to be read on white and on the pale ground of tables."""

from collections.abc import Mapping

from actions.papers.lay_out import Ink

RGB: Mapping[Ink, tuple[int, int, int]] = {
    "black": (26, 30, 36),
    "grey": (92, 100, 112),
    "blue": (24, 78, 140),
    "amber": (160, 84, 0),
    "white": (255, 255, 255),
    "pale": (240, 244, 249),
    "line": (205, 212, 222),
}
