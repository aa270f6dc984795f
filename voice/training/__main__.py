"""`python -m voice.training`: synthetic speech, training, and what the built-in model is shipped as.

Steps: `tokens` (the vocabulary), `fit` (speech and training: torch and numpy alone), `export` (for faster-whisper), `score`
(through faster-whisper); or all of them. `recordings` makes the calls that the tests keep. What is not said is
for one core and 40 minutes; docs/voice-training.md has the line for a GPU.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

# one thread for each process: sums come out the same, and neighbours are left their processors
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from voice.training.fit import Run, Trainer, kept
from voice.training.free_run import trial
from voice.training.network import Shape
from voice.training.render import render
from voice.training.sentences import LANGUAGES, read_talk
from voice.training.tokens import learn, read_tokens

HERE = Path(__file__).parent
log = logging.getLogger("voice.training")
_NAMES = ("person", "name", "customer", "product", "competitor", "city")
# English pieces joined from letters
_PIECES = 1800


def main(arguments: list[str] | None = None) -> int:
    """Run the steps asked for; returns the exit code."""
    asked = _parser().parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout), logging.FileHandler(asked.out / "log.txt")]
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
    torch.set_num_threads(asked.threads)
    for step in asked.steps.split(","):
        {"tokens": _tokens, "fit": _fit, "export": _export, "score": _score, "recordings": _recordings}[step](asked)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m voice.training", description="Trains the built-in speech model.")
    parser.add_argument("--out", type=Path, default=Path("build/whisper"), help="folder for everything it writes")
    parser.add_argument("--steps", default="tokens,fit,export,score", help="which of tokens, fit, export, score, recordings")
    parser.add_argument("--minutes", type=float, default=40.0, help="of training, without the rendering of speech")
    parser.add_argument("--hours", type=float, default=4.5, help="of synthetic speech")
    parser.add_argument("--render-seconds", type=float, default=1200.0, help="longest time for rendering it")
    parser.add_argument("--processes", type=int, default=2, help="that render")
    parser.add_argument("--workers", type=int, default=0, help="processes that plan the batches")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default=None, help="bf16 on cuda unless said otherwise")
    parser.add_argument("--batch-seconds", type=float, default=None, help="of sound in a step (40 on cpu, 640 on cuda)")
    parser.add_argument("--window-rows", type=int, default=None, help="30 s windows in a step (3 on cpu, 40 on cuda)")
    parser.add_argument("--windows", type=float, default=None, help="share of such steps in the last stage (0.2 or 0.5)")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--check-seconds", type=float, default=60.0, help="between two looks at what it writes freely")
    parser.add_argument("--trial", type=int, default=None, help="utterances a language and kind in such a look (16 or 64)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--encoder-layers", type=int, default=2)
    parser.add_argument("--decoder-layers", type=int, default=2)
    parser.add_argument(
        "--sayings", type=Path, default=HERE.parent.parent / "intents" / "data", help="utterances to read aloud too"
    )
    parser.add_argument("--espeak", type=Path, default=None, help="folder with espeak-ng's packages unpacked, not installed")
    parser.add_argument("--start", type=Path, default=None, help="folder with the state of an earlier run to go on from")
    parser.add_argument("--scored", type=int, default=120, help="utterances a language and kind in the score")
    parser.add_argument("--beams", default="1,5", help="beam sizes to score the utterances with")
    parser.add_argument("--model", type=Path, default=None, help="model folder to write and to score (OUT/model)")
    return parser


def _tokens(asked: argparse.Namespace) -> None:
    import random  # noqa: PLC0415

    talk = read_talk(asked.sayings)
    rng = random.Random(asked.seed)  # noqa: S311
    texts = [
        (" " if lang == "en" else "") + domain.fill(pattern, rng).written
        for lang, domain in talk.domains.items()
        for pattern in (*domain.patterns, *domain.held_out)
        for _ in range(40)
    ]
    texts += [(" " if lang == "en" else "") + text for lang in LANGUAGES for text in talk.sayings[lang]]
    tokens = learn(texts, _PIECES)
    content = json.dumps(tokens.content, ensure_ascii=False, separators=(",", ":"))
    (asked.out / "tokenizer.json").write_text(content + "\n", "utf-8")
    log.info("vocabulary: %d of text, %d in all", tokens.text_size, tokens.size)


def _fit(asked: argparse.Namespace) -> None:
    device = torch.device(asked.device)
    big = device.type == "cuda"
    tokens = read_tokens(asked.out / "tokenizer.json")
    talk = read_talk(asked.sayings)
    with tempfile.TemporaryDirectory() as folder:
        corpus = render(
            Path(folder),
            hours=asked.hours,
            seconds=asked.render_seconds,
            processes=asked.processes,
            seed=asked.seed,
            sayings=asked.sayings,
            espeak=asked.espeak,
        )
    log.info("speech: %.1f hours, %d utterances, %d phonemes", corpus.hours(), len(corpus.sentences), len(corpus.phones))
    names = sorted(
        {
            filler.split("|")[0]
            for domain in talk.domains.values()
            for slot in _NAMES
            for filler in domain.slots.get(slot, ())
        }
    )
    shape = Shape(asked.width, asked.heads, asked.encoder_layers, asked.decoder_layers, tokens.size)
    run = Run(
        seconds=asked.minutes * 60,
        device=device,
        half=(asked.precision or ("bf16" if big else "fp32")) == "bf16",
        batch_seconds=asked.batch_seconds or (640 if big else 40),
        window_rows=asked.window_rows or (40 if big else 3),
        windows=(0.5 if big else 0.2) if asked.windows is None else asked.windows,
        workers=asked.workers,
        peak=asked.rate,
        seed=asked.seed,
        check_seconds=asked.check_seconds,
        dropout=asked.dropout,
        heard_before=asked.start is not None,
    )
    tried = trial(talk, asked.espeak, asked.trial or (64 if big else 16), device, asked.seed)
    if asked.start is not None:
        shape, state = kept(asked.start)
    trainer = Trainer(run, shape, corpus, tokens, names, tried, asked.out)
    if asked.start is not None:
        trainer.start_from(state)
    log.info("model: %.2f million weights on %s", sum(p.numel() for p in trainer.model.parameters()) / 1e6, asked.device)
    trainer.run()


def _export(asked: argparse.Namespace) -> None:
    from voice.training.export import export  # noqa: PLC0415

    shape, state = kept(asked.out)
    sizes = export(shape, state, read_tokens(asked.out / "tokenizer.json"), asked.model or asked.out / "model")
    log.info("exported: %s", " ".join(f"{name} {size}" for name, size in sizes.items()))


def _score(asked: argparse.Namespace) -> None:
    from voice.training.score import score  # noqa: PLC0415

    beams = [int(beam) for beam in asked.beams.split(",")]
    model = asked.model or asked.out / "model"
    for line in score(model, read_talk(asked.sayings), asked.espeak, asked.scored, asked.seed + 1, beams):
        log.info("%s", line)


def _recordings(asked: argparse.Namespace) -> None:
    from voice.training.recordings import record  # noqa: PLC0415

    log.info("recorded: %s", record(asked.out, asked.espeak, asked.seed))


if __name__ == "__main__":
    sys.exit(main())
