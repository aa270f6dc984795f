"""Writes a tuned encoder as the files that the running copilot reads: int8 ONNX and a tokenizer."""

import tempfile
import warnings
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import PreTrainedTokenizerFast

from retrieval.embed import ENCODER_FILE, TOKENIZER_FILE
from retrieval.training.tune import Placer

_OPSET = 17


def export(model: Placer, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the encoder into the folder, its weights as int8, each channel with its own scale."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = torch.ones(2, 9, dtype=torch.long)
    names = ("input_ids", "attention_mask", "token_type_ids")
    with tempfile.TemporaryDirectory() as aside:
        whole = Path(aside) / ENCODER_FILE
        with warnings.catch_warnings():
            # tracing warns of branches that an encoder without a cache never takes, and of the newer exporter
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model.eval(),
                (numbers, numbers, torch.zeros_like(numbers)),
                str(whole),
                input_names=list(names),
                output_names=["vector"],
                dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names} | {"vector": {0: "texts"}},
                opset_version=_OPSET,
                dynamo=False,
            )
        quantize_dynamic(whole, folder / ENCODER_FILE, weight_type=QuantType.QInt8, per_channel=True)
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
