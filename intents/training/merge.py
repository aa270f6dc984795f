"""Merges utterances that several voices wrote alike, and finds those whose labels disagree.

`python -m intents.training.merge [FOLDER]` prints what it finds.
"""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from intents.dictionary import load_dictionary
from intents.training.corpus import Utterance, read_folder

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Merged:
    """`kept`: one utterance for each saying; `repeats`: the others; `conflicts`: sayings whose labels differ.

    A conflict is in none of the other two: the labels are to be settled by the dictionary's reading rules first.
    """

    kept: tuple[Utterance, ...]
    repeats: tuple[Utterance, ...]
    conflicts: tuple[tuple[Utterance, ...], ...]


def merge(utterances: Iterable[Utterance]) -> Merged:
    """Treat texts as one saying when they differ only in width, case, blanks and punctuation.

    The first is kept, so a saying never stands on two sides of a split by voice. Its further intents are those
    that any voice gave it.
    """
    sayings: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        sayings.setdefault(saying(utterance.text), []).append(utterance)
    kept: list[Utterance] = []
    repeats: list[Utterance] = []
    conflicts: list[tuple[Utterance, ...]] = []
    for same in sayings.values():
        if len({utterance.intent for utterance in same}) > 1:
            conflicts.append(tuple(same))
        else:
            kept.append(same[0])
            repeats.extend(same[1:])
    return Merged(tuple(kept), tuple(repeats), tuple(conflicts))


def saying(text: str) -> str:
    """Return the letters and digits of a text, folded; the stripped text itself where it has none (emoji)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(char for char in folded if unicodedata.category(char)[0] in "LN")
    return letters or "".join(folded.split())


def report(merged: Merged) -> str:
    """Return the findings as lines for a person."""
    lines = [f"{len(merged.kept)} sayings kept, {len(merged.repeats)} repeats merged into them"]
    for same in merged.conflicts:
        readings = "; ".join(f"{utterance.intent} ({utterance.origin})" for utterance in same)
        lines.append(f"conflict: {same[0].text!r}: {readings}")
    return "\n".join([*lines, f"{len(merged.conflicts)} conflicts"])


def main(arguments: Sequence[str]) -> int:
    """Report on the folder named, or on the shipped data; 1 when labels disagree or a line is wrong."""
    folder = Path(arguments[0]) if arguments else _PACKAGE / "data"
    try:
        utterances = read_folder(folder, load_dictionary(_PACKAGE / "dictionary.yaml").intents)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    merged = merge(utterances)
    sys.stdout.write(report(merged) + "\n")
    return 1 if merged.conflicts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
