"""Merges utterances that several voices wrote alike, and finds those whose labels disagree.

`python -m intents.training.merge [FOLDER]` prints what it finds, near-duplicates too; with `--drop` it takes the second
of each such pair, and every repeat, out of the files.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from intents.dictionary import load_dictionary
from intents.training.corpus import Utterance, read_folder
from intents.training.near_duplicates import NearPair, near_duplicates
from intents.training.saying import saying
from intents.training.split import SPLIT_FILE, read_split

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


def report(merged: Merged, near: Sequence[NearPair]) -> str:
    """Return the findings as lines for a person."""
    lines = [f"{len(merged.kept)} sayings kept, {len(merged.repeats)} repeats merged into them"]
    for pair in near:
        first, second = pair.first, pair.second
        lines.append(f"{pair.likeness:.2f} alike: {first.text!r} ({first.origin}); {second.text!r} ({second.origin})")
    for same in merged.conflicts:
        readings = "; ".join(f"{utterance.intent} ({utterance.origin})" for utterance in same)
        lines.append(f"conflict: {same[0].text!r}: {readings}")
    return "\n".join([*lines, f"{len(near)} near-duplicates", f"{len(merged.conflicts)} conflicts"])


def drop(utterances: Iterable[Utterance]) -> int:
    """Take the lines of these utterances out of their files; return how many lines went."""
    numbers: defaultdict[Path, set[int]] = defaultdict(set)
    for utterance in utterances:
        file, _, number = utterance.origin.rpartition(":")
        numbers[Path(file)].add(int(number))
    for path, unwanted in numbers.items():
        lines = path.read_text(encoding="utf-8").split("\n")
        left = [line for number, line in enumerate(lines, start=1) if number not in unwanted]
        path.write_text("\n".join(left), encoding="utf-8", newline="")
    return sum(len(unwanted) for unwanted in numbers.values())


def main(arguments: Sequence[str]) -> int:
    """Report on the folder named, or on the shipped data; 1 when labels disagree or a line is wrong."""
    parser = argparse.ArgumentParser(prog="python -m intents.training.merge", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=_PACKAGE / "data")
    parser.add_argument("--drop", action="store_true", help="take repeats and near-duplicates out of the files")
    given = parser.parse_args(arguments)
    try:
        utterances = read_folder(given.folder, load_dictionary(_PACKAGE / "dictionary.yaml").intents)
        merged = merge(_held_out_first(utterances, given.folder))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    near = near_duplicates(merged.kept)
    sys.stdout.write(report(merged, near) + "\n")
    if given.drop:
        gone = drop([*merged.repeats, *(pair.second for pair in near)])
        sys.stdout.write(f"{gone} lines taken out\n")
    return 1 if merged.conflicts else 0


def _held_out_first(utterances: Sequence[Utterance], folder: Path) -> list[Utterance]:
    """Put held-out voices first: of two alike, the one to train on goes, so that what judges stays whole."""
    file = folder / SPLIT_FILE
    if not file.exists():
        return list(utterances)
    held_out = read_split(file)
    judging = held_out.validation | held_out.test
    return sorted(utterances, key=lambda utterance: utterance.voice not in judging)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
