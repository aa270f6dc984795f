"""The trained weights as a folder that faster-whisper loads: Hugging Face's form first, then CTranslate2 in eight bits.

Whatever of Whisper's configuration the converter does not know of a vocabulary of this size is written over afterwards.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from ctranslate2.converters import TransformersConverter
from torch import Tensor
from transformers import WhisperConfig, WhisperForConditionalGeneration

from voice.training.network import MELS, Shape
from voice.training.tokens import Tokens

COPIED = ("tokenizer.json", "preprocessor_config.json")


def export(shape: Shape, state: dict[str, Tensor], tokens: Tokens, folder: Path) -> dict[str, int]:
    """Write the model to `folder`, replacing the one there; returns the bytes of each file.

    Raises RuntimeError where the weights do not fit the architecture.
    """
    weights = dict(state)
    weights["model.decoder.embed_tokens.weight"] = _rows(weights["model.decoder.embed_tokens.weight"], tokens)
    weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"]
    model = WhisperForConditionalGeneration(WhisperConfig(**shape.config(tokens.end, tokens.start)))
    model.load_state_dict(weights, strict=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch)
        model.save_pretrained(source)
        (source / "tokenizer.json").write_text(
            json.dumps(tokens.content, ensure_ascii=False, separators=(",", ":")), "utf-8"
        )
        (source / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}), "utf-8")
        (source / "preprocessor_config.json").write_text(json.dumps(_features()) + "\n", "utf-8")
        converter = TransformersConverter(str(source), copy_files=list(COPIED))
        converter.convert(str(folder), quantization="int8", force=True)
    _correct(folder / "config.json", shape, tokens)
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}


def _rows(embedding: Tensor, tokens: Tokens) -> Tensor:
    """The embedding with the row trained in place of all unused ones copied to each of them."""
    rows = embedding.clone()
    rows[torch.tensor(tokens.unused)] = embedding[tokens.unused[0]]
    return rows


def _features() -> dict[str, Any]:
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": MELS,
        "sampling_rate": 16000,
        "hop_length": 160,
        "chunk_length": 30,
        "n_fft": 400,
    }


def _correct(path: Path, shape: Shape, tokens: Tokens) -> None:
    """Say which ids are languages and which heads follow the sound, and bar nothing but an end before the beginning."""
    config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    config |= {
        "lang_ids": sorted(tokens.languages.values()),
        "alignment_heads": [[shape.decoder_layers - 1, head] for head in range(max(1, shape.heads // 2))],
        "suppress_ids": [],
        "suppress_ids_begin": [tokens.end],
    }
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", "utf-8")
