"""The commands about understanding: `parley understand`, `parley intents train` and `parley intents evaluate`."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from intents.training.corpus import ROLES
from intents.understanding import Candidate, Understanding

_PACKAGE = Path(__file__).parent
SHIPPED_DATA = _PACKAGE / "data"
SHIPPED_MODEL = _PACKAGE / "model"
SHIPPED_DICTIONARY = _PACKAGE / "dictionary.yaml"
SHIPPED_SEED = 6

intents_cli = typer.Typer(help="Train and score the model that understands what people say.", no_args_is_help=True)

ModelOption = Annotated[Path, typer.Option("--model", envvar="PARLEY_INTENT_MODEL", help="The folder of the model.")]
DictionaryOption = Annotated[Path, typer.Option("--dictionary", envvar="PARLEY_DICTIONARY", help="The semantic dictionary.")]


class _Line(NamedTuple):
    """One line of input: what was said, by whom, and when."""

    text: str
    role: str | None
    sent_at: datetime


def understand_command(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON; it always does.")] = True,
    model: ModelOption = SHIPPED_MODEL,
    dictionary: DictionaryOption = SHIPPED_DICTIONARY,
) -> None:
    """Read lines from standard input and write what each means as one JSON object a line, in the same order.

    A line is text, or a JSON object {"text", "role"?, "sent_at"?} where sent_at (ISO 8601) is what relative dates
    count from; without it they count from now.
    """
    from intents.understand import Reader  # noqa: PLC0415 - numpy is loaded by what needs it

    try:
        reader = Reader.load(model, dictionary)
    except ValueError as error:
        raise _failure(str(error)) from None
    now = datetime.now().astimezone()
    for raw in sys.stdin.buffer:
        line = _read_line(raw.decode("utf-8", errors="replace").rstrip("\r\n"), now)
        understanding = reader.understand(line.text, role=line.role, sent_at=line.sent_at)
        sys.stdout.buffer.write(json.dumps(as_line(understanding), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()


def _read_line(line: str, now: datetime) -> _Line:
    """A line that opens like an object and is none is text, as people do write braces."""
    if line.startswith("{"):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, dict) and isinstance(said.get("text"), str):
            role = said.get("role")
            return _Line(said["text"], role if role in ROLES else None, _moment(said.get("sent_at"), now))
    return _Line(line, None, now)


def _moment(said: Any, now: datetime) -> datetime:
    """Return an aware moment; one without a zone is taken in the machine's, one that cannot be read is now."""
    if not isinstance(said, str):
        return now
    try:
        moment = datetime.fromisoformat(said)
        return moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError, OSError):
        return now


def as_line(understanding: Understanding) -> dict[str, object]:
    """Return the public form of an understanding, as `parley understand` writes it."""
    return {
        "text": understanding.text,
        "lang": understanding.lang,
        "intent": understanding.intent,
        "confidence": round(understanding.confidence, 4),
        "alternatives": _candidates(understanding.alternatives),
        "also": _candidates(understanding.also),
        "slots": [{"type": slot.type, "text": slot.text, "value": slot.value} for slot in understanding.slots],
    }


def _candidates(candidates: Iterable[Candidate]) -> list[dict[str, object]]:
    return [{"intent": one.intent, "confidence": round(one.confidence, 4)} for one in candidates]


@intents_cli.command("train")
def train_command(
    data: Annotated[Path, typer.Option(help="Folder of labelled utterances, *.jsonl.")] = SHIPPED_DATA,
    out: Annotated[Path, typer.Option(help="Folder of the model; it is replaced when all went well.")] = SHIPPED_MODEL,
    seed: Annotated[
        int, typer.Option(help="Makes it repeatable; draws the voices held out where the data has no split.yaml.")
    ] = SHIPPED_SEED,
    dictionary: DictionaryOption = SHIPPED_DICTIONARY,
    may_be_worse: Annotated[
        bool, typer.Option("--even-if-worse", help="Replace the model even by one that reads the validation voices worse.")
    ] = False,
) -> None:
    """Train the model on labelled utterances and say how well it reads voices it has not heard."""
    try:
        from intents.training.train import train  # noqa: PLC0415 - scikit-learn is an extra
    except ModuleNotFoundError as error:
        raise _failure(f"Training needs {error.name}; install Parley with its extra: pip install 'parley[train]'") from None
    try:
        training = train(data, out, dictionary, seed, _shown, may_be_worse=may_be_worse)
    except (ValueError, OSError) as error:
        raise _failure(str(error)) from None
    if training.conflicts:
        typer.echo(f"{training.conflicts} sayings were left out because their labels disagree.", err=True)
    typer.echo(json.dumps({"model": str(out), **training.facts}, ensure_ascii=False, indent=2))


@intents_cli.command("evaluate")
def evaluate_command(
    file: Annotated[Path, typer.Argument(help="Labelled utterances, one JSON object a line.")],
    model: ModelOption = SHIPPED_MODEL,
    dictionary: DictionaryOption = SHIPPED_DICTIONARY,
) -> None:
    """Score the model on a labelled file: accuracy, macro-F1, calibration, out-of-scope AUROC, further intents."""
    from intents.training.evaluate import evaluate  # noqa: PLC0415 - numpy is loaded by what needs it

    try:
        told = evaluate(file, model, dictionary)
    except ValueError as error:
        raise _failure(str(error)) from None
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))


def _shown(labels: Sequence[str]) -> Iterator[str]:
    """Pass the intents on, behind a progress bar where somebody watches."""
    if not sys.stderr.isatty():
        yield from labels
        return
    from rich.console import Console  # noqa: PLC0415 - only for those who watch
    from rich.progress import track  # noqa: PLC0415

    yield from track(labels, description="Learning intents", console=Console(stderr=True))


def _failure(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)
