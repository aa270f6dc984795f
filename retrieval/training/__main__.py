"""`python -m retrieval.training --text FOLDER --work FOLDER`: makes `retrieval/model` anew from `intents/base`."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from retrieval.training.export import export
from retrieval.training.pairs import chinese_pairs, english_pairs, own_pairs, retold_pairs
from retrieval.training.tune import Recipe, tune

_ROOT = Path(__file__).parents[2]
OWN = 4
"""Times that the pairs written for this project are taken: they are few beside the others, and of the trade."""
FACTS_FILE = "model.json"


def main() -> None:
    """Read the pairs, tune the encoder, write it with its facts."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--text", type=Path, required=True, help="the folder with pretrain_zh and the English sets")
    asked.add_argument("--work", type=Path, required=True, help="keeps checkpoints; a run that was cut off goes on")
    asked.add_argument("--base", default=str(_ROOT / "intents" / "base"), help="an encoder that transformers can load")
    asked.add_argument("--out", type=Path, default=_ROOT / "retrieval" / "model")
    asked.add_argument("--steps", type=int, default=Recipe.steps)
    asked.add_argument("--batch", type=int, default=Recipe.batch, help="pairs a step; 64 where there is no GPU")
    asked.add_argument("--seed", type=int, default=11)
    given = asked.parse_args()
    recipe = Recipe(steps=given.steps, batch=given.batch)
    split = yaml.safe_load((_ROOT / "intents" / "data" / "split.yaml").read_text(encoding="utf-8"))
    held_out = frozenset(voice for voices in split.values() for voice in voices)
    pairs = [
        *chinese_pairs(given.text / "pretrain_zh", given.seed),
        *english_pairs(given.text, given.seed),
        *retold_pairs(_ROOT / "intents" / "data", held_out),
        *(pair for file in sorted((_ROOT / "retrieval" / "data").glob("*.jsonl")) for pair in own_pairs(file) * OWN),
    ]
    counted = {source: sum(pair.source == source for pair in pairs) for source in sorted({pair.source for pair in pairs})}
    print(f"{len(pairs)} pairs: {counted}")  # noqa: T201 - a program for the terminal
    model, tokenizer = tune(pairs, given.base, recipe, given.seed, given.work, _told)
    export(model, tokenizer, given.out)
    facts = {"recipe": asdict(recipe), "seed": given.seed, "pairs": counted}
    (given.out / FACTS_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _told(steps: Sequence[int]) -> Iterator[int]:
    for step in steps:
        yield step
        if step % 20 == 0:
            print(f"step {step} of {len(steps)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
