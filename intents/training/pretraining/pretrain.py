"""Pretrains the encoder: it takes over the teacher's layers, learns Chinese by guessing hidden characters, and learns to
place a saying and its counterpart in the other language where the teacher places the English one.

The second part is multilingual distillation (Reimers and Gurevych 2020).
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast

from intents.tags import ROLE_TOKENS
from intents.training.pretraining.transfer import copy_traditional, first_embeddings
from intents.training.pretraining.vocabulary import (
    END,
    MASK,
    PAD,
    SPECIAL,
    START,
    UNKNOWN,
    build_tokenizer,
    choose_tokens,
)

MOST_TOKENS = 10_800
POSITIONS = 128
CHECKPOINT = "checkpoint.pt"
FACTS_FILE = "pretraining.json"


@dataclass(frozen=True)
class Recipe:
    """How long and how: `hidden` share of the tokens is guessed; sizes are sequences a step; rates are peaks.

    `distil` weighs how far sayings lie from where the teacher places them; a checkpoint is kept every so many steps.
    """

    steps: int = 2_200
    hidden: float = 0.18
    lines: int = 1_024
    sayings: int = 384
    longest: int = 112
    rate: float = 4e-4
    embedding_rate: float = 8e-4
    warmup: int = 150
    distil: float = 6.0
    seed: int = 6
    kept_every: int = 200


def mean_of(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean (B, H) of the states (B, T, H) where the mask (B, T) is 1."""
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


class Guesser(nn.Module):
    """The encoder with a head that guesses hidden tokens; its output weights are the encoder's embeddings."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        width, tokens = encoder.config.hidden_size, encoder.config.vocab_size
        self.turn = nn.Linear(width, width)
        nn.init.eye_(self.turn.weight)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(tokens))

    def states(self, numbers: Tensor, mask: Tensor) -> Tensor:
        return self.encoder(input_ids=numbers, attention_mask=mask).last_hidden_state

    def surprise(self, states: Tensor, truth: Tensor) -> Tensor:
        """Return the mean cross entropy of the hidden tokens; `truth` (B, T) is -100 where nothing is hidden."""
        is_hidden = truth != -100
        guessed = self.norm(nn.functional.gelu(self.turn(states[is_hidden])))
        weights = self.encoder.embeddings.word_embeddings.weight
        return nn.functional.cross_entropy(guessed @ weights.T + self.bias, truth[is_hidden])


def new_encoder(
    teacher: Path,
    lines: Sequence[str],
    english: Sequence[str],
    utterances: Sequence[str],
    simple_of: dict[str, str],
    seed: int,
) -> tuple[BertModel, Tokenizer]:
    """Return an encoder with the teacher's layers and new embeddings, and its tokenizer."""
    old = Tokenizer.from_file(str(teacher / "tokenizer.json"))
    old.no_padding()
    old.no_truncation()
    tokenizer = build_tokenizer(choose_tokens([*lines, *english], utterances, old, simple_of, MOST_TOKENS))
    grown = AutoModel.from_pretrained(teacher)
    config = BertConfig(
        **{
            **grown.config.to_dict(),
            "vocab_size": tokenizer.get_vocab_size(),
            "max_position_embeddings": POSITIONS,
            "dtype": None,
        }
    )
    encoder = BertModel(config, add_pooling_layer=False)
    state = {k: v for k, v in grown.state_dict().items() if k in encoder.state_dict() and "embeddings.word" not in k}
    state["embeddings.position_embeddings.weight"] = state["embeddings.position_embeddings.weight"][:POSITIONS]
    first = first_embeddings(tokenizer, old, grown.embeddings.word_embeddings.weight.detach().numpy(), lines[:60_000], seed)
    copy_traditional(first, tokenizer.get_vocab(), simple_of)
    state["embeddings.word_embeddings.weight"] = torch.from_numpy(first)
    missing, surplus = encoder.load_state_dict(state, strict=False)
    if surplus or [name for name in missing if "position_ids" not in name]:
        raise ValueError(f"{teacher}: this teacher has no layers to take over: {missing}, {surplus}")
    return encoder, tokenizer


def earlier(folder: Path) -> tuple[BertModel, Tokenizer]:
    """Return an encoder that an earlier run wrote, and its tokenizer."""
    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32)
    return encoder, Tokenizer.from_file(str(folder / "tokenizer.json"))


@torch.inference_mode()
def taught(teacher: Path, texts: Sequence[str]) -> Tensor:
    """Return the teacher's unit vectors (N, H) of English texts, in half precision."""
    model, tokenizer = AutoModel.from_pretrained(teacher).eval(), AutoTokenizer.from_pretrained(teacher)
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    found = torch.zeros(len(texts), model.config.hidden_size, dtype=torch.float16)
    for start in range(0, len(order), 256):
        part = order[start : start + 256]
        batch = tokenizer([texts[at] for at in part], padding=True, truncation=True, max_length=64, return_tensors="pt")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = model(**batch).last_hidden_state
        found[part] = nn.functional.normalize(mean_of(states.float(), batch["attention_mask"])).half()
    return found


class Batches:
    """Endless batches of token numbers, near in length, in an order that hangs on the seed only."""

    def __init__(self, tokenizer: Tokenizer, texts: Sequence[str], longest: int, seed: int) -> None:
        encoded = tokenizer.encode_batch(list(texts))
        rows = [e.ids[: longest - 1] + e.ids[-1:] if len(e.ids) > longest else e.ids for e in encoded]
        self._lengths = np.array([len(row) for row in rows])
        # two bytes a token: a million lines fit beside the network
        self._numbers = np.full((len(rows), int(self._lengths.max())), tokenizer.token_to_id(PAD) or 0, np.uint16)
        for at, row in enumerate(rows):
            self._numbers[at, : len(row)] = row
        self._draw = random.Random(seed)  # noqa: S311 - a reproducible order

    def draw(self, size: int) -> Iterator[list[int]]:
        """Yield the places of the texts of one batch after another."""
        while True:
            order = list(range(len(self._numbers)))
            self._draw.shuffle(order)
            for start in range(0, len(order) - size + 1, size * 32):
                near = sorted(order[start : start + size * 32], key=lambda at: int(self._lengths[at]))
                groups = [near[at : at + size] for at in range(0, len(near) - size + 1, size)]
                self._draw.shuffle(groups)
                yield from groups

    def padded(self, places: Sequence[int], pad: int) -> tuple[Tensor, Tensor]:
        """Return numbers and mask (B, T) of the texts at some places."""
        longest = int(self._lengths[places].max())
        numbers = torch.from_numpy(self._numbers[places, :longest].astype(np.int64))
        return numbers, (numbers != pad).long()


def hide(numbers: Tensor, share: float, tokenizer: Tokenizer, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the numbers with a share hidden, and the truth, -100 elsewhere (Devlin et al. 2019: 80 / 10 / 10)."""
    lowest = len(SPECIAL) + len(ROLE_TOKENS)
    chosen = (torch.rand(numbers.shape, generator=generator) < share) & (numbers >= lowest)
    truth = torch.where(chosen, numbers, torch.full_like(numbers, -100))
    dice = torch.rand(numbers.shape, generator=generator)
    other = torch.randint(lowest, tokenizer.get_vocab_size(), numbers.shape, generator=generator)
    mask = tokenizer.token_to_id(MASK)
    seen = torch.where(chosen & (dice < 0.8), torch.full_like(numbers, mask), numbers)
    return torch.where(chosen & (dice > 0.9), other, seen), truth


def pretrain(
    encoder: BertModel,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    sayings: Sequence[str],
    targets: Tensor,
    recipe: Recipe,
    work: Path,
    say: Any = print,
) -> BertModel:
    """Train for `recipe.steps`; a checkpoint in `work` is taken up where it stopped.

    `texts` are guessed; each of the `sayings` is placed at its target (N, H): where the teacher places it, or, if it is
    Chinese, its English counterpart.
    """
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Guesser(encoder).to(device).train()
    embedding = [encoder.embeddings.word_embeddings.weight]
    others = [p for p in model.parameters() if p is not embedding[0]]
    optimiser = torch.optim.AdamW(
        [{"params": others, "lr": recipe.rate}, {"params": embedding, "lr": recipe.embedding_rate}], weight_decay=0.01
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda at: min((at + 1) / recipe.warmup, max(0.02, 1 - at / recipe.steps))
    )
    done = _resume(work, model, optimiser, scheduler, generator)
    seed = recipe.seed + done
    lines = Batches(tokenizer, texts, recipe.longest, seed)
    placed = Batches(tokenizer, sayings, recipe.longest, seed)
    pad = int(tokenizer.token_to_id(PAD) or 0)
    line_places, saying_places = lines.draw(recipe.lines), placed.draw(recipe.sayings)
    began, tallies = time.monotonic(), []
    for step in range(done, recipe.steps):
        numbers, mask = lines.padded(next(line_places), pad)
        hidden, truth = hide(numbers, recipe.hidden, tokenizer, generator)
        places = next(saying_places)
        said, said_mask = placed.padded(places, pad)
        mask, said_mask, aims = mask.to(device), said_mask.to(device), targets[places].to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            guess = model.surprise(model.states(hidden.to(device), mask), truth.to(device))
            vectors = mean_of(model.states(said.to(device), said_mask).float(), said_mask)
            apart = (1 - nn.functional.cosine_similarity(vectors, aims.float())).mean()
            loss = guess + recipe.distil * apart
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        scheduler.step()
        optimiser.zero_grad()
        tallies.append((guess.detach(), apart.detach()))
        if (step + 1) % 50 == 0:
            say(
                json.dumps(
                    {
                        "step": step + 1,
                        "guess": round(float(torch.stack([g for g, _ in tallies[-50:]]).mean()), 3),
                        "apart": round(float(torch.stack([a for _, a in tallies[-50:]]).mean()), 4),
                        "seconds": round(time.monotonic() - began),
                    }
                )
            )
        if (step + 1) % recipe.kept_every == 0:
            _keep(work, step + 1, model, optimiser, scheduler, generator)
    return encoder.cpu().eval()


def save(encoder: BertModel, tokenizer: Tokenizer, out: Path, simple_of: dict[str, str], facts: dict[str, object]) -> None:
    """Write a folder that transformers can load, the weights in half precision."""
    with torch.no_grad():
        rows = encoder.embeddings.word_embeddings.weight.numpy()
        copy_traditional(rows, tokenizer.get_vocab(), simple_of)
    encoder.half().save_pretrained(out)
    encoder.float()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        cls_token=START,
        sep_token=END,
        mask_token=MASK,
        model_max_length=POSITIONS,
        additional_special_tokens=list(ROLE_TOKENS.values()),
    ).save_pretrained(out)
    (out / FACTS_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _keep(work: Path, done: int, model: Guesser, optimiser: Any, scheduler: Any, generator: torch.Generator) -> None:
    fresh = work / f".{CHECKPOINT}"
    torch.save(
        {
            "done": done,
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "scheduler": scheduler.state_dict(),
            "generator": generator.get_state(),
        },
        fresh,
    )
    fresh.replace(work / CHECKPOINT)


def _resume(work: Path, model: Guesser, optimiser: Any, scheduler: Any, generator: torch.Generator) -> int:
    file = work / CHECKPOINT
    if not file.exists():
        return 0
    kept = torch.load(file, weights_only=True)
    model.load_state_dict(kept["model"])
    optimiser.load_state_dict(kept["optimiser"])
    scheduler.load_state_dict(kept["scheduler"])
    generator.set_state(kept["generator"])
    return int(kept["done"])
