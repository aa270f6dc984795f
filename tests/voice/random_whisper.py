"""A Whisper checkpoint that knows nothing: the real architecture and file format with random weights, made in a second.

What it writes is noise, but every step of recognition runs as with a trained one.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from ctranslate2.specs.model_spec import LayerSpec
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, MELS = 64, 2, 80
_SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|zh|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
    *(f"<|{step * 0.02:.2f}|>" for step in range(1501)),
]


def make_random_whisper(folder: Path, seed: int = 0) -> Path:
    """Write the checkpoint into a folder and return it."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    # an empty token says that the model knows languages; two pieces are looked up by faster-whisper on its own
    vocabulary = [*letters, "Ġ-", "Ġ'", "", *_SPECIAL]
    spec = WhisperSpec(1, HEADS, 1, HEADS)
    chance = np.random.default_rng(seed)
    _fill(spec, len(vocabulary), chance)
    at = {token: number for number, token in enumerate(vocabulary)}
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [at["<|endoftext|>"]]
    spec.config.lang_ids = [at["<|en|>"], at["<|zh|>"]]
    spec.config.alignment_heads = [[0, 0], [0, 1]]
    spec.validate()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    tokenizer = Tokenizer(
        models.BPE(vocab={t: i for t, i in at.items() if t not in _SPECIAL}, merges=[("Ġ", "-"), ("Ġ", "'")])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(_SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}), encoding="utf-8")
    return folder


def _fill(spec: WhisperSpec, words: int, chance: np.random.Generator) -> None:
    def weights(*shape: int) -> Any:
        return chance.normal(0, 0.3, shape).astype(np.float32)

    def linear(layer: LayerSpec, rows: int, columns: int) -> None:
        layer.weight, layer.bias = weights(rows, columns), np.zeros(rows, np.float32)

    def norm(layer: LayerSpec) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(layer: LayerSpec, *, is_cross: bool = False) -> None:
        norm(layer.layer_norm)
        sizes = [WIDTH, 2 * WIDTH, WIDTH] if is_cross else [3 * WIDTH, WIDTH]
        for part, rows in zip(layer.linear, sizes, strict=True):
            linear(part, rows, WIDTH)

    def feed_forward(layer: LayerSpec) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 2 * WIDTH, WIDTH)
        linear(layer.linear_1, WIDTH, 2 * WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(WIDTH, MELS, 3), np.zeros(WIDTH, np.float32)
    encoder.conv2.weight, encoder.conv2.bias = weights(WIDTH, WIDTH, 3), np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings = weights(1500, WIDTH)
    norm(encoder.layer_norm)
    for layer in encoder.layer:
        attention(layer.self_attention)
        feed_forward(layer.ffn)
    decoder.embeddings.weight = weights(words, WIDTH)
    decoder.position_encodings.encodings = weights(448, WIDTH)
    decoder.scale_embeddings = False
    norm(decoder.layer_norm)
    linear(decoder.projection, words, WIDTH)
    for layer in decoder.layer:
        attention(layer.self_attention)
        attention(layer.attention, is_cross=True)
        feed_forward(layer.ffn)
