"""Fine-tunes an encoder on labelled utterances: intent, further intents and names at once; goes on where it was cut off."""

import hashlib
import random
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from intents.encoder import STEPS_FILE
from intents.tags import KINDS, ROLE_TOKENS, Span, steps_of, tags_of
from intents.training.corpus import Utterance
from intents.training.export import export
from intents.training.joint import Joint, load_base, loss_of
from intents.training.train import Tuner

CHECKPOINT = "checkpoint.pt"
Progress = Callable[[Sequence[int]], Iterable[int]]
"""Passes epochs on, one by one; where a progress bar hangs."""


@dataclass(frozen=True)
class Recipe:
    """`batch` is utterances a step, `rate` the peak; `aside` weighs further intents and slots; `smooth` the running mean."""

    epochs: int = 6
    batch: int = 64
    rate: float = 2.5e-4
    warmup: float = 0.08
    longest: int = 96
    role_known: float = 0.5
    aside: tuple[float, float] = (0.5, 1.0)
    decay: float = 0.02
    smooth: float = 0.99


@dataclass(frozen=True)
class Lesson:
    """One utterance as numbers: its tokens (with and without the role's), its intent, all its intents, its tags."""

    numbers: tuple[int, ...]
    role: int | None
    main: int
    said: tuple[int, ...]
    tags: tuple[int, ...] | None


def lessons(
    utterances: Sequence[Utterance], labels: Sequence[str], tokenizer: PreTrainedTokenizerFast, longest: int
) -> list[Lesson]:
    """Turn utterances into numbers; those whose intent is none of `labels` are left out."""
    place = {label: number for number, label in enumerate(labels)}
    known = [one for one in utterances if one.intent in place]
    encoded = tokenizer([one.text for one in known], truncation=True, max_length=longest - 1, return_offsets_mapping=True)
    found = []
    for one, numbers, offsets in zip(known, encoded["input_ids"], encoded["offset_mapping"], strict=True):
        role = None if one.role is None else int(tokenizer.convert_tokens_to_ids(ROLE_TOKENS[one.role]))
        tags = tuple(tags_of(_spans(one), offsets)) if one.is_marked else None
        said = tuple(place[label] for label in (one.intent, *one.also) if label in place)
        found.append(Lesson(tuple(numbers), role, place[one.intent], said, tags))
    return found


def _spans(utterance: Utterance) -> list[Span]:
    """Return where the marks lie: each mark at its first place that no other mark has."""
    spans: list[Span] = []
    for mark in utterance.marks:
        if mark.type not in KINDS:
            continue
        at = utterance.text.find(mark.text)
        while any(at < end and start < at + len(mark.text) for _, start, end in spans):
            at = utterance.text.find(mark.text, at + 1)
        if at >= 0:
            spans.append((mark.type, at, at + len(mark.text)))
    return spans


def batches(taught: Sequence[Lesson], size: int, draw: random.Random) -> Iterable[list[int]]:
    """Yield the places of the lessons, near in length, each once."""
    order = list(range(len(taught)))
    draw.shuffle(order)
    groups = []
    for start in range(0, len(order), size * 24):
        near = sorted(order[start : start + size * 24], key=lambda at: len(taught[at].numbers))
        groups += [near[at : at + size] for at in range(0, len(near), size)]
    draw.shuffle(groups)
    return groups


def padded(taught: Sequence[Lesson], pad: int, intents: int, roles: Sequence[bool]) -> tuple[Tensor, ...]:
    """Return numbers, mask, main, said and tags of some lessons; `roles` says for each whether the role is told."""
    rows, tags = [], []
    for one, is_told in zip(taught, roles, strict=True):
        has_role = is_told and one.role is not None
        rows.append([one.numbers[0], *([one.role] if has_role else []), *one.numbers[1:]])
        marks = one.tags if one.tags is not None else (-100,) * len(one.numbers)
        tags.append([marks[0], *([-100] if has_role else []), *marks[1:]])
    longest = max(map(len, rows))
    numbers = torch.full((len(rows), longest), pad)
    truth = torch.full((len(rows), longest), -100)
    said = torch.zeros(len(rows), intents)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for row, (line, marks_of_row) in enumerate(zip(rows, tags, strict=True)):
        numbers[row, : len(line)] = torch.tensor(line)
        mask[row, : len(line)] = 1
        truth[row, : len(line)] = torch.tensor(marks_of_row)
        said[row, list(taught[row].said)] = 1
    return numbers, mask, torch.tensor([one.main for one in taught]), said, truth


def tune(
    utterances: Sequence[Utterance],
    labels: Sequence[str],
    base: str | Path,
    recipe: Recipe,
    seed: int,
    work: Path,
    progress: Progress = lambda steps: steps,
) -> tuple[Joint, PreTrainedTokenizerFast]:
    """Return the network, fine-tuned, its weights the running mean of the last ones.

    After each epoch a checkpoint is kept in `work`, and a training that was cut off goes on from it.
    """
    torch.manual_seed(seed)
    encoder, tokenizer = load_base(base)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Joint(encoder, len(labels)).to(device).train()
    taught = lessons(utterances, labels, tokenizer, recipe.longest)
    pad = int(tokenizer.pad_token_id or 0)
    steps = recipe.epochs * -(-len(taught) // recipe.batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    warm = max(1, int(recipe.warmup * steps))
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda at: min((at + 1) / warm, max(0.0, (steps - at) / max(1, steps - warm)))
    )
    mean = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.smooth))
    parts = {"model": model, "optimiser": optimiser, "scheduler": scheduler, "mean": mean}
    for epoch in progress(range(_resume(work, parts), recipe.epochs)):
        draw = random.Random(f"{seed} {epoch}")  # noqa: S311 - a reproducible order
        for places in batches(taught, recipe.batch, draw):
            group = [taught[at] for at in places]
            told = [draw.random() < recipe.role_known for _ in group]
            numbers, mask, main, said, tags = (part.to(device) for part in padded(group, pad, len(labels), told))
            with torch.autocast(device.type, dtype=torch.bfloat16):
                outputs = model(numbers, mask)
            loss = loss_of(outputs, main, said, tags, recipe.aside)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            scheduler.step()
            optimiser.zero_grad()
            mean.update_parameters(model)
        _keep(work, epoch + 1, parts)
    return mean.module.cpu().eval(), tokenizer


def tuner(
    base: str | Path,
    work: Path,
    recipe: Recipe,
    progress: Progress = lambda steps: steps,
    keep_whole: Path | None = None,
) -> Tuner:
    """Return the function that `train` fine-tunes an encoder with; what it keeps in `work` goes when it is done.

    `keep_whole` as in `export`.
    """

    def run(utterances: Sequence[Utterance], labels: Sequence[str], seed: int, folder: Path) -> None:
        told = repr(
            (str(base), recipe, seed, labels, [(u.text, u.intent, u.also, u.marks, u.is_marked) for u in utterances])
        )
        kept = work / hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
        model, tokenizer = tune(utterances, labels, base, recipe, seed, kept, progress)
        export(model, tokenizer, folder, keep_whole)
        taught = lessons(utterances, labels, tokenizer, recipe.longest)
        np.save(folder / STEPS_FILE, steps_of(one.tags[1:-1] for one in taught if one.tags is not None))
        shutil.rmtree(work, ignore_errors=True)

    return run


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
