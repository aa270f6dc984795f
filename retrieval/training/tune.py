"""Tunes an encoder so that a question lies near what answers it, and far from what else is in the batch.

The loss is InfoNCE (van den Oord et al. 2018). With batches of 64, a rate of 2e-4 and passages of earlier batches held
against it as well (Wang et al. 2020), all vectors fell together within 200 steps. With batches of 256 the same rate is safe.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

from retrieval.training.pairs import Pair

CHECKPOINT = "checkpoint.pt"
Progress = Callable[[Sequence[int]], Iterable[int]]


@dataclass(frozen=True)
class Recipe:
    """`batch` pairs a step; texts are cut after `asked` and `passage` tokens; `heat` divides the cosines."""

    steps: int = 1_800
    batch: int = 256
    asked: int = 48
    passage: int = 112
    rate: float = 2e-4
    warmup: int = 200
    heat: float = 0.05
    decay: float = 0.01
    kept_every: int = 100


class Placer(nn.Module):
    """The encoder and the mean of its last states as a unit vector; a question is marked as the second kind of text."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return unit vectors (B, H) of B texts."""
        told = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
        states = self.encoder(**told).last_hidden_state
        weight = attention_mask.unsqueeze(-1).to(states.dtype)
        return nn.functional.normalize((states * weight).sum(1) / weight.sum(1).clamp(min=1), dim=-1)


def load(base: str | Path) -> tuple[Placer, PreTrainedTokenizerFast]:
    """Load any encoder that transformers can load."""
    encoder = AutoModel.from_pretrained(base, dtype=torch.float32, add_pooling_layer=False)
    return Placer(encoder), AutoTokenizer.from_pretrained(base)


def batches(pairs: Sequence[Pair], size: int, draw: random.Random) -> Iterable[list[Pair]]:
    """Yield batches of pairs from one source each, in mixed order, for ever; what does not fill a batch waits a round."""
    by_source: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_source.setdefault(pair.source, []).append(pair)
    while True:
        groups = []
        for source in sorted(by_source):
            draw.shuffle(by_source[source])
            whole = by_source[source]
            groups += [whole[at : at + size] for at in range(0, len(whole) - size + 1, size)]
        draw.shuffle(groups)
        yield from groups


def tune(
    pairs: Sequence[Pair],
    base: str | Path,
    recipe: Recipe,
    seed: int,
    work: Path,
    progress: Progress = lambda steps: steps,
) -> tuple[Placer, PreTrainedTokenizerFast]:
    """Return the tuned encoder and its tokenizer; what was cut off goes on from the checkpoint in `work`."""
    torch.manual_seed(seed)
    model, tokenizer = load(base)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda at: min((at + 1) / recipe.warmup, max(0.0, (recipe.steps - at) / max(1, recipe.steps - recipe.warmup))),
    )
    parts = {"model": model, "optimiser": optimiser, "scheduler": scheduler}
    begin = _resume(work, parts)
    stream = iter(batches(pairs, recipe.batch, random.Random(f"{seed} {begin}")))  # noqa: S311 - a reproducible order
    draw = random.Random(seed)  # noqa: S311
    for step in progress(range(begin, recipe.steps)):
        group = next(stream)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            asked = model(**_numbers(tokenizer, [one.asked for one in group], recipe.asked, 1, device))
            windows = [_window(one.passage, recipe.passage, draw) for one in group]
            answers = model(**_numbers(tokenizer, windows, recipe.passage, 0, device))
        loss = _contrast(asked.float(), answers.float(), [one.passage for one in group], recipe.heat)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        scheduler.step()
        optimiser.zero_grad()
        if (step + 1) % recipe.kept_every == 0:
            _keep(work, step + 1, parts)
    return model.cpu().eval(), tokenizer


def _contrast(asked: Tensor, answers: Tensor, passages: Sequence[str], heat: float) -> Tensor:
    """Return the loss of choosing each question's passage among the batch's, and each passage's question.

    A passage that stands in the batch twice is not held against its other question.
    """
    near = asked @ answers.T / heat
    place = {passage: number for number, passage in enumerate(passages)}
    which = torch.tensor([place[passage] for passage in passages], device=near.device)
    right = torch.arange(len(asked), device=near.device)
    same = (which.unsqueeze(0) == which.unsqueeze(1)) & (right.unsqueeze(0) != right.unsqueeze(1))
    near = near.masked_fill(same, -1e4)
    return nn.functional.cross_entropy(near, right) + 0.5 * nn.functional.cross_entropy(near.T, right)


def _window(passage: str, tokens: int, draw: random.Random) -> str:
    """Return a stretch of a long passage, as passages are cut into stretches when they are indexed; often its beginning."""
    room = tokens if passage and passage[0] > "\u2e80" else tokens * 4
    if len(passage) <= room or draw.random() < 0.6:
        return passage
    return passage[draw.randrange(len(passage) - room) :]


def _numbers(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], longest: int, kind: int, device: torch.device
) -> dict[str, Tensor]:
    told = tokenizer(list(texts), truncation=True, max_length=longest, padding=True, return_tensors="pt")
    numbers = told["input_ids"].to(device)
    return {
        "input_ids": numbers,
        "attention_mask": told["attention_mask"].to(device),
        "token_type_ids": torch.full_like(numbers, kind),
    }


def _keep(work: Path, done: int, parts: dict[str, Any]) -> None:
    work.mkdir(parents=True, exist_ok=True)
    fresh = work / f".{CHECKPOINT}"
    torch.save({"done": done} | {name: part.state_dict() for name, part in parts.items()}, fresh)
    fresh.replace(work / CHECKPOINT)


def _resume(work: Path, parts: dict[str, Any]) -> int:
    file = work / CHECKPOINT
    if not file.exists():
        return 0
    kept = torch.load(file, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(kept[name])
    return int(kept["done"])
