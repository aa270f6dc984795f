"""The network that is fine-tuned: one encoder, and a head each for the main intent, all intents said, and names."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from intents.tags import ROLE_TOKENS, TAGS

_DROPPED = 0.15


class Joint(nn.Module):
    """An encoder with its heads."""

    def __init__(self, encoder: PreTrainedModel, intents: int) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.drop = nn.Dropout(_DROPPED)
        self.main = nn.Linear(width, intents)
        self.beside = nn.Linear(width, intents)
        self.tags = nn.Linear(width, len(TAGS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return for B texts of T tokens `main`, `beside` (B, C), `tags` (B, T, K), and `vector` (B, H), of length 1.

        The vector is taken half-way up: at the top, all sayings of one intent lie together and a new intent finds no room.
        """
        layers = self.encoder(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True).hidden_states
        states = layers[-1]
        weight = attention_mask.unsqueeze(-1).to(states.dtype)

        def mean(states: Tensor) -> Tensor:
            return (states * weight).sum(1) / weight.sum(1).clamp(min=1)

        seen = self.drop(mean(states))
        vector = nn.functional.normalize(mean(layers[len(layers) // 2]), dim=-1)
        return self.main(seen), self.beside(seen), self.tags(self.drop(states)), vector


def load_base(base: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Load any encoder that transformers can load, with a token for each role.

    Raise ValueError in one sentence when there is none, or when its tokenizer cannot say where a token lies.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
        encoder = AutoModel.from_pretrained(base, dtype=torch.float32)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ValueError(f"{base}: transformers can load no encoder from here: {error}") from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ValueError(f"{base}: this encoder has no fast tokenizer, which tells where a token lies")
    unknown = [token for token in ROLE_TOKENS.values() if tokenizer.convert_tokens_to_ids(token) == tokenizer.unk_token_id]
    if unknown:
        tokenizer.add_special_tokens({"additional_special_tokens": unknown})
        encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    return encoder, tokenizer


def loss_of(outputs: Sequence[Tensor], main: Tensor, beside: Tensor, tags: Tensor, weights: tuple[float, float]) -> Tensor:
    """Return the joint loss: `main` (B) the intents, `beside` (B, C) all said, `tags` (B, T), -100 where unknown."""
    said, all_said, tagged, _ = outputs
    loss = nn.functional.cross_entropy(said.float(), main, label_smoothing=0.05)
    loss = loss + weights[0] * nn.functional.binary_cross_entropy_with_logits(all_said.float(), beside) * 10
    if (tags != -100).any():
        loss = loss + weights[1] * nn.functional.cross_entropy(
            tagged.float().flatten(0, 1), tags.flatten(), ignore_index=-100
        )
    return loss
