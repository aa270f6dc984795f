"""The model: Whisper's architecture in plain torch, small, with the parameter names that transformers gives them.

Radford et al. 2022 (arXiv 2212.04356): two convolutions over the log-mel spectrogram, sinusoids for position, pre-norm
transformer layers, a decoder with learned positions whose output shares the embedding of its input.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

MELS = 80
# fixed by what reads the model: 30 s at 50 positions a second, and the longest text
FRAMES = 1500
TEXT = 448


@dataclass(frozen=True)
class Shape:
    """How large the model is."""

    width: int = 192
    heads: int = 4
    encoder_layers: int = 4
    decoder_layers: int = 3
    vocabulary: int = 0

    def config(self, end: int, start: int) -> dict[str, Any]:
        """What transformers' `WhisperConfig` is made of."""
        return {
            "vocab_size": self.vocabulary,
            "num_mel_bins": MELS,
            "d_model": self.width,
            "encoder_layers": self.encoder_layers,
            "decoder_layers": self.decoder_layers,
            "encoder_attention_heads": self.heads,
            "decoder_attention_heads": self.heads,
            "encoder_ffn_dim": 4 * self.width,
            "decoder_ffn_dim": 4 * self.width,
            "max_source_positions": FRAMES,
            "max_target_positions": TEXT,
            "pad_token_id": end,
            "bos_token_id": end,
            "eos_token_id": end,
            "decoder_start_token_id": start,
        }

    def as_dict(self) -> dict[str, int]:
        """The numbers by name, as they are kept beside a state."""
        return asdict(self)


class Attention(nn.Module):
    """Scaled dot-product attention; the keys have no bias, as in Whisper."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def keys(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of what is attended to, each [batch, heads, length, width of a head]."""
        return self._split(self.k_proj(x)), self._split(self.v_proj(x))

    def forward(self, x: Tensor, keys: tuple[Tensor, Tensor], *, causal: bool = False) -> Tensor:
        """[batch, length, width] in and out."""
        mixed = functional.scaled_dot_product_attention(self._split(self.q_proj(x)), *keys, is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def looked(self, x: Tensor, keys: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The same, with where each head looked: [batch, heads, length, length of the keys]."""
        scores = self._split(self.q_proj(x)) @ keys[0].transpose(2, 3) / math.sqrt(x.shape[2] // self.heads)
        where = scores.float().softmax(-1)
        mixed = where.to(keys[1].dtype) @ keys[1]
        return self.out_proj(mixed.transpose(1, 2).flatten(2)), where

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward step, each on the normalised input and added to it."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.self_attn = Attention(shape.width, shape.heads)
        self.self_attn_layer_norm = nn.LayerNorm(shape.width)
        self.fc1 = nn.Linear(shape.width, 4 * shape.width)
        self.fc2 = nn.Linear(4 * shape.width, shape.width)
        self.final_layer_norm = nn.LayerNorm(shape.width)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, frames, width] in and out."""
        y = self.self_attn_layer_norm(x)
        x = x + self._dropped(self.self_attn(y, self.self_attn.keys(y)))
        y = functional.gelu(self.fc1(self.final_layer_norm(x)))
        return x + self._dropped(self.fc2(y))

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)


class DecoderLayer(EncoderLayer):
    """The same with attention to the encoder in between."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__(shape, dropout)
        self.encoder_attn = Attention(shape.width, shape.heads)
        self.encoder_attn_layer_norm = nn.LayerNorm(shape.width)

    def step(self, x: Tensor, heard: tuple[Tensor, Tensor], *, watched: bool) -> tuple[Tensor, Tensor | None]:
        """[batch, tokens, width] in and out, with where the heads looked if `watched`."""
        y = self.self_attn_layer_norm(x)
        x = x + self._dropped(self.self_attn(y, self.self_attn.keys(y), causal=True))
        y = self.encoder_attn_layer_norm(x)
        if watched:
            mixed, where = self.encoder_attn.looked(y, heard)
        else:
            mixed, where = self.encoder_attn(y, heard), None
        x = x + self._dropped(mixed)
        y = functional.gelu(self.fc1(self.final_layer_norm(x)))
        return x + self._dropped(self.fc2(y)), where


class Encoder(nn.Module):
    """Features to 50 states a second."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MELS, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(FRAMES, shape.width)
        self.embed_positions.weight = nn.Parameter(_sinusoids(FRAMES, shape.width), requires_grad=False)
        self.layers = nn.ModuleList(EncoderLayer(shape, dropout) for _ in range(shape.encoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)

    def forward(self, mel: Tensor) -> Tensor:
        """[batch, 80, frames of 10 ms] to [batch, half as many, width]; shorter than 30 s is fine in training."""
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.embed_positions.weight[: x.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.layer_norm(x)


class Decoder(nn.Module):
    """Tokens so far to the next one's state."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.embed_positions = nn.Embedding(TEXT, shape.width)
        self.layers = nn.ModuleList(DecoderLayer(shape, dropout) for _ in range(shape.decoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)


class _Parts(nn.Module):
    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.encoder = Encoder(shape, dropout)
        self.decoder = Decoder(shape, dropout)


class Whisper(nn.Module):
    """Encoder and decoder; `state_dict` is what `WhisperForConditionalGeneration` loads."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.model = _Parts(shape, dropout)
        for part in self.modules():
            if isinstance(part, nn.Linear | nn.Embedding | nn.Conv1d) and part.weight.requires_grad:
                nn.init.normal_(part.weight, std=0.02 if isinstance(part, nn.Embedding) else part.weight[0].numel() ** -0.5)
                if getattr(part, "bias", None) is not None:
                    nn.init.zeros_(part.bias)

    def hear(self, mel: Tensor) -> Tensor:
        """The encoder's states for features [batch, 80, frames]."""
        return self.model.encoder(mel)

    def memory(self, heard: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the encoder's states for each decoder layer, computed once for a text."""
        return [layer.encoder_attn.keys(heard) for layer in self.model.decoder.layers]

    def states(
        self, ids: Tensor, memory: Sequence[tuple[Tensor, Tensor]], *, watched: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """The decoder's states for ids [batch, tokens], and where each layer looked if `watched`."""
        decoder = self.model.decoder
        x = decoder.embed_tokens(ids) + decoder.embed_positions.weight[: ids.shape[1]]
        looks: list[Tensor] = []
        for layer, heard in zip(decoder.layers, memory, strict=True):
            x, where = layer.step(x, heard, watched=watched)
            if where is not None:
                looks.append(where)
        return decoder.layer_norm(x), looks

    def scores(self, states: Tensor) -> Tensor:
        """One score for each word of the vocabulary."""
        return functional.linear(states, self.model.decoder.embed_tokens.weight)


def unused_bias(unused: Sequence[int], vocabulary: int) -> Tensor:
    """What is added to the scores so that the first unused row stands for all of them.

    Rows that are never a target would keep scores near zero and take probability from the others. One row is trained in
    their place, with the logarithm of their number on top; on export it is copied to each of them.
    """
    bias = torch.zeros(vocabulary)
    bias[list(unused)] = -1e4
    bias[unused[0]] = math.log(len(unused))
    return bias


def _sinusoids(length: int, width: int) -> Tensor:
    steps = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * steps[None]
    return torch.cat((angles.sin(), angles.cos()), 1)
