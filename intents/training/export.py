"""Writes a fine-tuned network as the files that the running copilot reads: int8 ONNX and a tokenizer."""

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import PreTrainedTokenizerFast

from intents.encoder import ENCODER_FILE, TOKENIZER_FILE
from intents.training.joint import Joint

_OUTPUTS = ("main", "beside", "tags", "vector")
_OPSET = 17


def export(model: Joint, tokenizer: PreTrainedTokenizerFast, folder: Path, keep_whole: Path | None = None) -> None:
    """Write the encoder into the folder, its weights as int8, each channel with its own scale.

    `keep_whole` is a folder that gets the encoder as it was before, four times as large, to compare with.
    """
    numbers = torch.ones(2, 9, dtype=torch.long)
    with tempfile.TemporaryDirectory() as aside:
        whole = Path(aside) / ENCODER_FILE
        with warnings.catch_warnings():
            # tracing warns of branches that an encoder without a cache never takes, and of the newer exporter
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model.eval(),
                (numbers, numbers),
                str(whole),
                input_names=["input_ids", "attention_mask"],
                output_names=list(_OUTPUTS),
                dynamic_axes={name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask", "tags")}
                | {name: {0: "texts"} for name in ("main", "beside", "vector")},
                opset_version=_OPSET,
                dynamo=False,
            )
        if keep_whole is not None:
            keep_whole.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(whole, keep_whole / ENCODER_FILE)
            tokenizer.backend_tokenizer.save(str(keep_whole / TOKENIZER_FILE))
        quantize_dynamic(whole, folder / ENCODER_FILE, weight_type=QuantType.QInt8, per_channel=True)
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
