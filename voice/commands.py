"""`parley call`: recordings at the command line; it hears what the copilot hears."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voice.emotion_command import SHIPPED_MODEL
from voice.profile import SETTING, SHIPPED, SYNTHETIC_ONLY

if TYPE_CHECKING:
    from voice.listen import Step
    from voice.mood import Mood, Peak
    from voice.transcript import Transcript

WhisperModel = Annotated[
    str,
    typer.Option(
        "--model",
        envvar=SETTING,
        help="The speech model: a folder, or a name that is in the cache of this machine.",
        show_default="the shipped one",
    ),
]
_NOTICES = {
    SYNTHETIC_ONLY: (
        f"{{model}} knows only synthetic speech of a small domain and will not transcribe people. "
        f"Set {SETTING} to a real model: docs/voice.md."
    )
}

call_cli = typer.Typer(name="call", help="Recordings of calls and voice messages.", no_args_is_help=True)


@call_cli.callback()
def call() -> None:
    """Recordings of calls and voice messages."""


@call_cli.command()
def analyse(
    file: Annotated[Path, typer.Argument(help="The recording, in any format that chat platforms send.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    lang: Annotated[str | None, typer.Option(help="The language spoken (zh, en, …) instead of finding it.")] = None,
    script: Annotated[str, typer.Option(help="Chinese characters: simplified, traditional, or as heard.")] = "simplified",
    words: Annotated[
        str, typer.Option("--words", help="Names that may come up, with commas, for models that take them.")
    ] = "",
    customer_channel: Annotated[
        int | None, typer.Option(min=0, max=1, help="Which channel the customer is on: 0 left, 1 right.")
    ] = None,
    model: WhisperModel = str(SHIPPED),
    emotion_model: Annotated[
        Path,
        typer.Option(help="A folder with a model of emotion, for how the customer sounds.", show_default="the shipped one"),
    ] = SHIPPED_MODEL,
) -> None:
    """Write down who said what and when, and how the customer sounds; what is only estimated is marked as that."""
    if script not in ("simplified", "traditional", "heard"):
        raise typer.BadParameter("must be simplified, traditional or heard", param_hint="--script")
    if not file.is_file():
        typer.echo(f"There is no file {file}.", err=True)
        raise typer.Exit(1)
    from voice.listen import Wishes, listen  # noqa: PLC0415 - the program starts faster without what only this needs
    from voice.transcribe import Whisper  # noqa: PLC0415

    chosen = {"simplified": "simplified", "traditional": "traditional"}.get(script)
    wishes = Wishes(
        lang=lang,
        script=chosen,  # type: ignore[arg-type]
        bias=tuple(word for part in words.split(",") if (word := part.strip())),
        customer_channel=customer_channel,
    )
    transcript = _shown(listen(file, Whisper.load(model), wishes))
    mood = _mood(file, transcript, emotion_model)
    if as_json:
        typer.echo(
            json.dumps({**_public(transcript), "mood": mood and _mood_data(mood, transcript)}, ensure_ascii=False, indent=2)
        )
        return
    for line in [*_lines(transcript), *(_mood_lines(transcript, mood) if mood else ())]:
        typer.echo(line)
    if transcript.notice is not None:
        typer.echo(_NOTICES.get(transcript.notice, transcript.notice).format(model=transcript.model), err=True)


def _shown(steps: "Iterator[Step]") -> "Transcript":
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    transcript: Transcript | None = None
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("decoding", total=1.0)
        for step in steps:
            bar.update(task, completed=step.share, description=step.stage)
            transcript = step.transcript or transcript
    if transcript is None:
        raise AssertionError("unreachable: nobody cancels here")
    return transcript


def _mood(file: Path, transcript: "Transcript", model: Path) -> "Mood | None":
    """How the customer sounds; None where nobody knows who that is, or it cannot be said, and then why on standard error."""
    if transcript.customer is None:
        return None
    from voice.customer_mood import CustomerMoods  # noqa: PLC0415 - as above

    try:
        return CustomerMoods((model,)).judge(file, transcript.turns, transcript.customer)[0]
    except ValueError as error:
        typer.echo(str(error), err=True)
        return None


def _mood_data(mood: "Mood", transcript: "Transcript") -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415 - as above

    peaks = [{**asdict(peak), "words": _words_at(peak, transcript)} for peak in mood.peaks]
    return {**asdict(mood), "peaks": peaks, "customer": transcript.customer}


def _mood_lines(transcript: "Transcript", mood: "Mood") -> Iterator[str]:
    seconds: dict[str, float] = {}
    for one in mood.felt:
        seconds[one.emotion] = seconds.get(one.emotion, 0.0) + one.end - one.start
    if not seconds:
        yield "How the customer sounds cannot be told: too little of them alone was heard."
        return
    shares = sorted(seconds.items(), key=lambda share: -share[1])
    told = ", ".join(f"{name} {part / sum(seconds.values()):.0%}" for name, part in shares)
    yield f"How the customer sounds, estimated by {mood.model}: {told}."
    for peak in mood.peaks:
        yield f"[{_clock(peak.at)}] {peak.emotion} ({peak.strength:.0%}): {_words_at(peak, transcript)}"


def _words_at(peak: "Peak", transcript: "Transcript") -> str:
    from voice.customer_mood import sentences_by, words_around  # noqa: PLC0415 - as above

    return words_around(sentences_by(transcript.customer or "", transcript.turns), peak)


def _public(transcript: "Transcript") -> dict[str, object]:
    from voice.transcript import as_data  # noqa: PLC0415 - as above

    return as_data(transcript)


def _lines(transcript: "Transcript") -> Iterator[str]:
    spoken = sum(span.seconds for span in transcript.speech)
    yield (
        f"{_clock(transcript.duration)} long, {_clock(spoken)} of speech, "
        f"{'two channels' if transcript.two_channels else 'one channel'}, heard by {transcript.model}"
    )
    if transcript.is_cut_short:
        yield "The file is incomplete: this is what could be decoded."
    if transcript.customer is not None:
        yield f"The customer is {transcript.customer} ({transcript.customer_certainty:.0%})."
    elif len(transcript.speakers) > 1:
        yield "Which of them is the customer is doubtful."
    if not transcript.turns:
        yield "Nobody says anything that could be understood."
    for turn in transcript.turns:
        estimated = f" (estimated, {turn.speaker_certainty:.0%})" if turn.speaker_is_estimated else ""
        yield f"[{_clock(turn.start)}-{_clock(turn.end)}] {turn.speaker}{estimated}: {turn.text}"


def _clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    whole = round(seconds)
    minutes = f"{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600}:{minutes}" if whole >= 3600 else minutes
