"""The weights of a Whisper model in CTranslate2's form, read back and given the names that openai-whisper knows them by.

The form (CTranslate2's `ModelSpec`, binary version 6): the name and revision of the model, then each variable with its name,
shape, type and bytes, then the variables that are others by another name. What was kept in eight bits is multiplied out
again, so that both sides compute with the very numbers that are shipped.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""By CTranslate2's number of the type; bfloat16 comes after these and is not read."""
_VERSION = 6

Weights = dict[str, NDArray[np.float32]]

_NAMES = (
    (r"encoder/conv([12])/(weight|bias)", r"encoder.conv\1.\2"),
    (r"encoder/position_encodings/encodings", "encoder.positional_embedding"),
    (r"decoder/position_encodings/encodings", "decoder.positional_embedding"),
    (r"decoder/embeddings/weight", "decoder.token_embedding.weight"),
    (r"encoder/layer_norm/(\w+)", r"encoder.ln_post.\1"),
    (r"decoder/layer_norm/(\w+)", r"decoder.ln.\1"),
    (r"(\w+)/layer_(\d+)/self_attention/layer_norm/(\w+)", r"\1.blocks.\2.attn_ln.\3"),
    (r"(\w+)/layer_(\d+)/attention/layer_norm/(\w+)", r"\1.blocks.\2.cross_attn_ln.\3"),
    (r"(\w+)/layer_(\d+)/self_attention/linear_1/(\w+)", r"\1.blocks.\2.attn.out.\3"),
    (r"(\w+)/layer_(\d+)/attention/linear_0/(\w+)", r"\1.blocks.\2.cross_attn.query.\3"),
    (r"(\w+)/layer_(\d+)/attention/linear_2/(\w+)", r"\1.blocks.\2.cross_attn.out.\3"),
    (r"(\w+)/layer_(\d+)/ffn/layer_norm/(\w+)", r"\1.blocks.\2.mlp_ln.\3"),
    (r"(\w+)/layer_(\d+)/ffn/linear_0/(\w+)", r"\1.blocks.\2.mlp.0.\3"),
    (r"(\w+)/layer_(\d+)/ffn/linear_1/(\w+)", r"\1.blocks.\2.mlp.2.\3"),
)
_JOINED = (
    (r"(\w+)/layer_(\d+)/self_attention/linear_0/(\w+)", r"\1.blocks.\2.attn", ("query", "key", "value")),
    (r"(\w+)/layer_(\d+)/attention/linear_1/(\w+)", r"\1.blocks.\2.cross_attn", ("key", "value")),
)
"""What CTranslate2 computes in one go, rows upon rows."""


def weights(model: Path) -> tuple[Weights, int, int]:
    """The weights in `model` (a `model.bin`) by openai-whisper's names, and how many heads encoder and decoder have.

    Raises ValueError for what is no Whisper model, or of another version of the form.
    """
    variables = _variables(model)
    found: Weights = {}
    for name, value in variables.items():
        kind = name.rpartition("/")[2]
        if kind.endswith("_scale") or name.startswith("decoder/projection"):
            continue
        scale = variables.get(f"{name}_scale")
        plain = value.astype(np.float32)
        if scale is not None:
            plain /= scale.astype(np.float32).reshape(-1, *[1] * (plain.ndim - 1))
        for whole, part in _renamed(name, plain):
            found[whole] = part
    return found, int(variables["encoder/num_heads"]), int(variables["decoder/num_heads"])


def _renamed(name: str, value: NDArray[np.float32]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for pattern, start, parts in _JOINED:
        if matched := re.fullmatch(pattern, name):
            for part, rows in zip(parts, np.split(value, len(parts)), strict=True):
                if not (part == "key" and matched[3] == "bias"):  # keys have none; CTranslate2 keeps zeros
                    yield f"{matched.expand(start)}.{part}.{matched[3]}", rows
            return
    for pattern, known in _NAMES:
        if matched := re.fullmatch(pattern, name):
            yield matched.expand(known).replace(".gamma", ".weight").replace(".beta", ".bias"), value
            return


def _variables(model: Path) -> dict[str, NDArray[np.generic]]:
    with model.open("rb") as file:
        version = _number(file, "I")
        name = _text(file)
        if version != _VERSION or name != "WhisperSpec":
            raise ValueError(f"{model} is {name}, version {version} of the form")
        _number(file, "I")
        found = {}
        for _ in range(_number(file, "I")):
            key = _text(file)
            shape = [_number(file, "I") for _ in range(_number(file, "B"))]
            kind = _number(file, "B")
            if kind >= len(_TYPES):
                raise ValueError(f"{key} is of a type that is not read")
            content = file.read(_number(file, "I"))
            found[key] = np.frombuffer(content, _TYPES[kind]).reshape(shape)
        for _ in range(_number(file, "I")):
            key, other = _text(file), _text(file)
            found[key] = found[other]
        return found


def _number(file: BinaryIO, form: str) -> int:
    value: int = struct.unpack(f"<{form}", file.read(struct.calcsize(form)))[0]
    return value


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H"))[:-1].decode()
