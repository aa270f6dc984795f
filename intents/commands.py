"""The commands about understanding: `parley understand`, and `parley intents` to train, evaluate, add and roll back."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

from intents.home import ADDED, LEARNED, WORDS
from intents.training.corpus import ROLES
from intents.understanding import Candidate, Understanding

if TYPE_CHECKING:
    from intents.training.add import Growth
    from intents.training.evaluate import Evaluation

_PACKAGE = Path(__file__).parent
SHIPPED_DATA = _PACKAGE / "data"
SHIPPED_MODEL = _PACKAGE / "model"
SHIPPED_BASE = _PACKAGE / "base"
SHIPPED_DICTIONARY = _PACKAGE / "dictionary.yaml"
SHIPPED_SEED = 6

_Step = TypeVar("_Step")

intents_cli = typer.Typer(help="Train and score the model that understands what people say.", no_args_is_help=True)

ModelOption = Annotated[Path, typer.Option("--model", envvar="PARLEY_INTENT_MODEL", help="The folder of the model.")]
DictionaryOption = Annotated[Path, typer.Option("--dictionary", envvar="PARLEY_DICTIONARY", help="The semantic dictionary.")]
HomeOption = Annotated[
    Path, typer.Option("--home", envvar="PARLEY_HOME", help="The folder with the house's own intents and words.")
]
HOME = Path("var")


class _Line(NamedTuple):
    """One line of input: what was said, by whom, and when."""

    text: str
    role: str | None
    sent_at: datetime


def understand_command(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON; it always does.")] = True,
    model: ModelOption = SHIPPED_MODEL,
    dictionary: DictionaryOption = SHIPPED_DICTIONARY,
    home: HomeOption = HOME,
) -> None:
    """Read lines from standard input and write what each means as one JSON object a line, in the same order.

    A line is text, or a JSON object {"text", "role"?, "sent_at"?} where sent_at (ISO 8601) is what relative dates
    count from; without it they count from now.
    """
    from intents.house_words import read_house_words  # noqa: PLC0415
    from intents.names import Names  # noqa: PLC0415
    from intents.understand import Reader  # noqa: PLC0415 - numpy is loaded by what needs it

    try:
        reader = Reader.load(model, dictionary, home / ADDED)
        words = read_house_words(home / WORDS)
    except ValueError as error:
        raise _failure(str(error)) from None
    names = Names(words.names, words.plain)
    now = datetime.now().astimezone()
    for raw in sys.stdin.buffer:
        line = _read_line(raw.decode("utf-8", errors="replace").rstrip("\r\n"), now)
        understanding = reader.understand(line.text, role=line.role, sent_at=line.sent_at, names=names)
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
    base: Annotated[str, typer.Option(help="The encoder to fine-tune: a folder or name that transformers can load.")] = str(
        SHIPPED_BASE
    ),
    epochs: Annotated[int, typer.Option(min=1, help="How often the encoder sees every utterance.")] = 6,
    is_grams_only: Annotated[
        bool, typer.Option("--n-grams-only", help="Train without an encoder: two minutes, no torch, reads a little worse.")
    ] = False,
    may_be_worse: Annotated[
        bool, typer.Option("--even-if-worse", help="Replace the model even by one that reads the validation voices worse.")
    ] = False,
    keep_whole: Annotated[
        Path | None, typer.Option(help="A folder for the encoder before it is made small, for `parley bench intents`.")
    ] = None,
    home: HomeOption = HOME,
) -> None:
    """Train the model on labelled utterances and say how well it reads voices it has not heard.

    Corrections that were looked through with `parley intents review` are learned from as well.

    A training that was cut off goes on where it stopped when it is started again.
    """
    try:
        from intents.training.train import train  # noqa: PLC0415 - scikit-learn is an extra

        tuner = None
        if not is_grams_only:
            from intents.training import tune  # noqa: PLC0415 - torch is an extra

            work = out.with_name(f".{out.name}-work")
            tuner = tune.tuner(base, work, tune.Recipe(epochs=epochs), _shown_epochs, keep_whole)
    except ModuleNotFoundError as error:
        raise _failure(
            f"Training needs {error.name}; install Parley with its extra: pip install 'parley[train]',"
            " or train with --n-grams-only"
        ) from None
    try:
        training = train(data, out, dictionary, seed, _shown, tuner=tuner, may_be_worse=may_be_worse, learned=home / LEARNED)
    except (ValueError, OSError) as error:
        raise _failure(str(error)) from None
    if training.conflicts:
        typer.echo(f"{training.conflicts} sayings were left out because their labels disagree.", err=True)
    typer.echo(json.dumps({"model": str(out), **training.facts}, ensure_ascii=False, indent=2))


@intents_cli.command("add")
def add_command(
    name: Annotated[str, typer.Argument(help="What the intent is called, such as become_dealer or 代理加盟.")],
    examples: Annotated[Path, typer.Option(help="Five sayings or more: one a line, or JSON lines with `text`.")],
    means: Annotated[str, typer.Option(help="What it means, in one sentence, for people.")] = "",
    who: Annotated[str, typer.Option(help="Who says it.")] = ",".join(ROLES),
    data: Annotated[Path, typer.Option(help="Folder of labelled utterances, to keep it apart from.")] = SHIPPED_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of sentences.")] = False,
    model: ModelOption = SHIPPED_MODEL,
    dictionary: DictionaryOption = SHIPPED_DICTIONARY,
    home: HomeOption = HOME,
) -> None:
    """Add an intent from a few examples; it works at once, and this says what it may be confused with."""
    from intents.training.add import add_intent, read_examples  # noqa: PLC0415 - numpy is loaded by what needs it

    roles = [role.strip() for role in who.split(",") if role.strip()]
    if not roles or not set(roles) <= set(ROLES):
        raise typer.BadParameter(f"must be some of {', '.join(ROLES)}", param_hint="--who")
    try:
        growth = add_intent(
            name,
            read_examples(examples),
            folder=home / ADDED,
            model=model,
            dictionary=dictionary,
            data=data,
            means=means,
            who=roles,
            steps=_shown_portions,
        )
    except (ValueError, OSError) as error:
        raise _failure(str(error)) from None
    if as_json:
        typer.echo(json.dumps(growth.as_json(), ensure_ascii=False, indent=2))
    else:
        _tell_growth(growth)


def _tell_growth(growth: "Growth") -> None:
    name, count = growth.added.intent.id, len(growth.added.examples)
    typer.echo(f"{name}: {count} examples, kept in {growth.file}; a running copilot takes it up when it starts.")
    typer.echo(f"The other examples would find {growth.found_again} of the {count}.")
    before = ", ".join(f"{intent} ({times})" for intent, times in growth.read_before.most_common(3))
    typer.echo(f"Until now they were read as {before}.")
    if not growth.taken:
        typer.echo(f"It takes none of {growth.judged} sayings of other intents.")
        return
    typer.echo(f"It may be confused: it takes {len(growth.taken)} of {growth.judged} sayings of other intents.")
    for intent, times in Counter(one.intent for one in growth.taken).most_common(5):
        text = next(one.text for one in growth.taken if one.intent == intent)
        typer.echo(f"  {intent}: {times}, such as {text!r}")
    typer.echo(f"More examples draw the border better; so do sayings under `unlike` in {growth.file}.")


@intents_cli.command("rollback")
def rollback_command(
    model: ModelOption = SHIPPED_MODEL,
) -> None:
    """Put the model back that the last training replaced; said twice, the new one returns."""
    from intents.training.put import roll_back  # noqa: PLC0415 - numpy is loaded by what needs it

    try:
        version = roll_back(model)
    except (ValueError, OSError) as error:
        raise _failure(str(error)) from None
    typer.echo(f"The model {version} is in force again; a running copilot takes it up when it starts.")


@intents_cli.command("evaluate")
def evaluate_command(
    file: Annotated[Path, typer.Argument(help="Labelled utterances, one JSON object a line.")],
    picture: Annotated[Path | None, typer.Option(help="Save the confusions as a picture (.png, .svg, .pdf).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of tables.")] = False,
    model: ModelOption = SHIPPED_MODEL,
    dictionary: DictionaryOption = SHIPPED_DICTIONARY,
) -> None:
    """Score the model on a labelled file: figures, every intent, the worst confusions, and a picture of them."""
    from intents.training.evaluate import evaluate  # noqa: PLC0415 - numpy is loaded by what needs it

    try:
        told = evaluate(file, model, dictionary)
        if picture is not None:
            from intents.training.picture import save_picture  # noqa: PLC0415 - an extra

            save_picture(told, picture)
    except ModuleNotFoundError as error:
        raise _failure(
            f"The picture needs {error.name}; install Parley with its extra: pip install 'parley[train]'"
        ) from None
    except (ValueError, OSError) as error:
        raise _failure(str(error)) from None
    if as_json:
        typer.echo(json.dumps(told.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(told)


def _print(told: "Evaluation") -> None:
    from rich.console import Console  # noqa: PLC0415 - only for those who read
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    table = Table("intent", "lines", "precision", "recall", "F1", title="Intents, the weakest first")
    for one in sorted(told.intents, key=lambda one: one.f1):
        table.add_row(one.intent, str(one.lines), f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}")
    console.print(table)
    table = Table("meant", "read as", "times", title="Worst confusions")
    for pair in told.confusions:
        table.add_row(pair.meant, pair.read_as, str(pair.times))
    console.print(table)
    table = Table("figure", "value", title="All in all")
    for name, value in told.figures.items():
        table.add_row(name.replace("_", " "), f"{value:g}")
    console.print(table)


def _shown(labels: Sequence[str]) -> Iterator[str]:
    yield from _watched(labels, "Learning intents")


def _shown_epochs(epochs: Sequence[int]) -> Iterator[int]:
    yield from _watched(epochs, "Tuning the encoder")


def _shown_portions(portions: Sequence[list[str]]) -> Iterator[list[str]]:
    yield from _watched(portions, "Looking for neighbours")


def _watched(steps: Sequence[_Step], description: str) -> Iterator[_Step]:
    """Pass the steps on, behind a progress bar where somebody watches."""
    if not sys.stderr.isatty():
        yield from steps
        return
    from rich.console import Console  # noqa: PLC0415 - only for those who watch
    from rich.progress import track  # noqa: PLC0415

    yield from track(steps, description=description, console=Console(stderr=True))


def _failure(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)
