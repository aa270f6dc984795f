"""`python -m intents.training.pretraining --text FOLDER --teacher FOLDER --out FOLDER`: makes `intents/base` anew."""

import argparse
import hashlib
import json
import random
from dataclasses import asdict
from pathlib import Path

import opencc
import torch

from intents.dictionary import load_dictionary
from intents.training.corpus import read_folder
from intents.training.pretraining.pretrain import FACTS_FILE, Recipe, earlier, new_encoder, pretrain, save, taught
from intents.training.pretraining.text import chinese_lines, english_lines, pairs_of, written_lines
from intents.training.pretraining.vocabulary import HAN
from intents.training.split import held_out_voices

_INTENTS = Path(__file__).parents[2]
MOST_TAUGHT = 5_000
"""English lines that the teacher teaches beside the pairs: enough not to forget English."""


def main() -> None:
    """Read the texts, make or take up an encoder in the work folder, train it, write it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--text", type=Path, required=True, help="the folder with pretrain_zh and the English sets")
    asked.add_argument("--teacher", type=Path, required=True, help="a MiniLM folder that transformers can load")
    asked.add_argument("--onward", type=Path, help="an encoder that an earlier run made, to go on with; else a new one")
    asked.add_argument("--out", type=Path, default=_INTENTS / "base")
    asked.add_argument("--work", type=Path, required=True, help="keeps checkpoints; a run that was cut off goes on")
    asked.add_argument("--data", type=Path, default=_INTENTS / "data", help="the labelled utterances")
    asked.add_argument("--written", type=Path, default=_INTENTS.parent / "retrieval" / "data", help="questions and passages")
    asked.add_argument("--lines", type=int, default=Recipe.lines, help="a step; 96 where there is no GPU")
    asked.add_argument("--steps", type=int, default=Recipe.steps)
    asked.add_argument("--seed", type=int, default=Recipe.seed)
    given = asked.parse_args()
    recipe = Recipe(steps=given.steps, lines=given.lines, seed=given.seed)
    given.work.mkdir(parents=True, exist_ok=True)
    simple_of = simple_forms()
    spoken = read_folder(given.data, load_dictionary(_INTENTS / "dictionary.yaml").intents)
    held_out = held_out_voices(_INTENTS / "data", (), recipe.seed)
    spoken = [one for one in spoken if one.voice not in held_out.validation | held_out.test]
    lines = chinese_lines(given.text / "pretrain_zh", recipe.seed)
    english = english_lines(given.text)
    random.Random(recipe.seed).shuffle(english)  # noqa: S311 - a reproducible order
    pairs = pairs_of(spoken)
    utterances = [one.text for one in spoken]
    print(f"{len(lines)} Chinese lines, {len(english)} English lines, {len(utterances)} utterances, {len(pairs)} pairs")  # noqa: T201
    if given.onward:
        encoder, tokenizer = earlier(given.onward)
    else:
        encoder, tokenizer = new_encoder(given.teacher, lines, english, utterances, simple_of, recipe.seed)
    print(f"{sum(p.numel() for p in encoder.parameters()):,} parameters, {tokenizer.get_vocab_size()} tokens")  # noqa: T201
    alone = [*english[:MOST_TAUGHT], *(one.text for one in spoken if one.lang == "en" and one.of is None)]
    taught_texts = [*(pair.english for pair in pairs), *alone]
    vectors = taught(given.teacher, taught_texts)
    sayings = [*taught_texts, *(pair.chinese for pair in pairs)]
    targets = torch.cat([vectors, vectors[: len(pairs)]])
    texts = [*lines, *english, *utterances, *utterances, *written_lines(given.written)]
    encoder = pretrain(encoder, tokenizer, texts, sayings, targets, recipe, given.work)
    facts = {
        "recipe": asdict(recipe),
        "lines": len(lines),
        "english": len(english),
        "pairs": len(pairs),
        "before": json.loads((given.onward / FACTS_FILE).read_text(encoding="utf-8")) if given.onward else None,
        "teacher": hashlib.sha256((given.teacher / "model.safetensors").read_bytes()).hexdigest()[:16],
    }
    save(encoder, tokenizer, given.out, simple_of, facts)


def simple_forms() -> dict[str, str]:
    """Return the simplified form of each traditional character that has one, as OpenCC knows them."""
    convert = opencc.OpenCC("t2s").convert
    pairs = ((chr(code), convert(chr(code))) for code in HAN)
    return {traditional: simple for traditional, simple in pairs if traditional != simple and len(simple) == 1}


if __name__ == "__main__":
    main()
