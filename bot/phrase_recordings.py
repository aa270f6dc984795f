"""Station phrase, for recordings: on what basis they may be listened to, how far it is, what was heard, and why not."""

from collections.abc import Sequence

from actions.commands.recordings import (
    CancelRecording,
    DeleteRecording,
    ListenAgain,
    RecordBasis,
    recording_data,
)
from actions.crm.records import Recording
from actions.policy.recordings import BASES
from actions.proposal import Command, Json, Outcome
from bot.heard_so_far import Progress
from bot.message import Button, Card, Reply
from bot.phrase_corrections import to_correct
from bot.steps import ConfirmWords, ShowTranscript
from bot.unheard import tell_in_chat
from bot.wording.deeds import deed_data
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, reply_of, to_do, with_buttons, with_options
from voice.languages import UNKNOWN
from voice.speakers import NAMES
from voice.transcript import Turn

FIRST_LINES = 6
"""Turns on the card of a recording that is done."""
A_PAGE = 24
"""Turns on a page of the whole."""
_KNOWN = {
    "done": "recording.known_done",
    "cancelled": "recording.known_stopped",
    "failed": "recording.known_stopped",
}
_LONGEST_LINE = 160
_SURE = 100
_LONGEST_WORDS = 600


def phrase_taken(outcome: Outcome, voice: Voice, mint: Mint) -> Phrased:
    """A recording is here: on what basis may it be listened to? Or, where it has been here before, how it stands."""
    told = deed_data(outcome.proposal, voice)
    recording, state = str(told["recording"]), str(told["state"])
    if state != "awaiting_basis":
        how = "recording.known_not_understood" if told["reason"] == "not_understood" else _KNOWN.get(state)
        lines = voice.say(how or "recording.known_queued", told).split("\n")
        make: list[MakeButton] = []
        if state == "done" and not told["is_message"]:
            data = {"recording": recording}
            make.append(lambda: Button(mint("call_note", data), voice.say("button.call_note")))
            make.append(lambda: Button(mint("summary", data), voice.say("button.summary")))
        if state == "done":
            make.append(_whole(recording, voice, mint))
        if state in ("cancelled", "failed"):
            make += [to_do(ListenAgain(recording), voice, mint), to_do(DeleteRecording(recording), voice, mint)]
        return Phrased(with_buttons(Card(lines[0], tuple(lines[1:])), voice, make, mint), why=outcome.proposal.basis)
    lines = voice.say("recording.taken_again" if told.get("is_again") else "recording.taken", told).split("\n")
    accepted = told.get("bases") or BASES
    commands: list[Command] = [RecordBasis(recording, basis) for basis in BASES if basis in accepted]
    commands.append(DeleteRecording(recording, "refused"))
    card = Card(lines[0], tuple(lines[1:]), view_of=f"basis:{recording}")
    return Phrased(with_options(card, voice, [to_do(one, voice, mint) for one in commands]), why=outcome.proposal.basis)


def phrase_queued(outcome: Outcome, voice: Voice, mint: Mint) -> Phrased:
    """It is in the queue: the card that will show how far it is."""
    told = outcome.data
    lines = voice.say("recording.queued", told).split("\n")
    card = Card(lines[0], tuple(lines[1:]), view_of=f"recording:{told['recording']}")
    cancel = to_do(CancelRecording(str(told["recording"])), voice, mint)
    return Phrased(with_options(card, voice, [cancel]), why=outcome.proposal.basis)


def phrase_not_with_customer(outcome: Outcome, voice: Voice, mint: Mint) -> Phrased:
    """It belongs to nobody any more: with whom it was is asked where it is through, else when it is written down."""
    told = deed_data(outcome.proposal, voice)
    lines = voice.say("done.not_with_customer", told).split("\n")
    make: list[MakeButton] = []
    if told["state"] == "done":
        data = {"recording": told["recording"]}
        make.append(lambda: Button(mint("call_note", data), voice.say("button.call_note")))
    return Phrased(with_options(Card(lines[0], tuple(lines[1:])), voice, make), why=outcome.proposal.basis)


def phrase_stopped(outcome: Outcome, voice: Voice, mint: Mint) -> Phrased:
    """It was stopped: it can go on, or be deleted."""
    lines = voice.say("done.cancel_recording", outcome.data).split("\n")
    make = [to_do(command, voice, mint) for command in outcome.proposal.plan.offers]
    return Phrased(with_buttons(Card(lines[0], tuple(lines[1:])), voice, make, mint), why=outcome.proposal.basis)


def phrase_progress(progress: Progress, voice: Voice, mint: Mint) -> Reply:
    """How far it is and what was said last, with a way to stop; who said it is not known while it is opened."""
    recording = progress.recording
    key = "recording.progress" if progress.opened is None else "recording.opening"
    lines = voice.say(key, _so_far(progress)).split("\n")
    shown = tuple(line_of(turn, voice) for turn in progress.last)
    card = Card(lines[0], (*lines[1:], *shown), view_of=f"recording:{recording.id}")
    return with_options(card, voice, [to_do(CancelRecording(recording.id), voice, mint)])


def phrase_heard_so_far(progress: Progress, voice: Voice, *, is_first: bool) -> Reply:
    """One of the two lines of progress where nothing that was sent can be changed."""
    words = line_of(progress.last[-1], voice) if progress.last else None
    key = "recording.begun" if is_first else "recording.half"
    return Reply(voice.say(key, {**_so_far(progress), "words": words}), voice.lang)


def _so_far(progress: Progress) -> dict[str, Json]:
    return {
        **recording_data(progress.recording),
        "at": clock(progress.heard),
        "of": clock(progress.duration) if progress.duration else "?",
        "percent": f"{(progress.opened or 0.0) * 100:.0f}",
    }


def phrase_over(recording: Recording, voice: Voice) -> Reply:
    """What becomes of the card of progress in the end."""
    key = "recording.over_failed" if recording.state == "failed" else "recording.over_done"
    return reply_of(Card(voice.say(key, recording_data(recording)), view_of=f"recording:{recording.id}"), voice)


def phrase_done(recording: Recording, turns: Sequence[Turn], is_synthetic: bool, voice: Voice, mint: Mint) -> Reply:
    """Of a long voice message: its first lines, the model's name (`is_synthetic`: it knows no people), all a press away."""
    told = {**recording_data(recording), "of": clock((recording.duration_ms or 0) / 1000), "count": len(turns)}
    lines = voice.say("recording.done", told).split("\n")
    shown = tuple(line_of(turn, voice, recording) for turn in turns[:FIRST_LINES])
    card = Card(
        lines[0],
        (*lines[1:], *shown),
        note=note_of(recording, voice, is_synthetic=is_synthetic),
        view_of=f"transcript:{recording.id}",
    )
    make = [_whole(recording.id, voice, mint), to_do(DeleteRecording(recording.id), voice, mint)]
    return with_buttons(card, voice, make, mint)


def phrase_transcript(step: ShowTranscript, is_synthetic: bool, voice: Voice, mint: Mint) -> Phrased:
    """A page of what was heard."""
    recording, start = step.recording, step.start
    page = step.turns[start : start + A_PAGE]
    told = {
        **recording_data(recording),
        "from": start + 1,
        "to": start + len(page),
        "count": len(step.turns),
    }
    if not page:
        return Phrased(Reply(voice.say("recording.no_words", told), voice.lang))
    lines = voice.say("recording.page", told).split("\n")
    card = Card(
        lines[0],
        (*lines[1:], *(line_of(turn, voice, recording) for turn in page)),
        note=note_of(recording, voice, is_synthetic=is_synthetic),
        view_of=f"words:{recording.id}",
    )
    make: list[MakeButton] = []
    if recording.basis is not None and recording.state != "deleted":
        at = page[0].start
        data, label = {"recording": recording.id, "start": float(int(at))}, voice.say("button.play", {"at": clock(at)})
        make.append(lambda: Button(mint("clip", data), label))
    if start > 0:
        make.append(_page(recording.id, max(0, start - A_PAGE), "button.back", voice, mint))
    if start + A_PAGE < len(step.turns):
        make.append(_page(recording.id, start + A_PAGE, "button.next_page", voice, mint))
    if recording.state == "done" and not recording.is_message:
        make.append(to_correct(recording.id, voice, mint))
    return Phrased(with_options(card, voice, make))


def phrase_unheard(recording: Recording, reason: str, is_synthetic: bool, voice: Voice, mint: Mint) -> Reply:
    """Why there are no words, and what to do about it; of a model that knows no people (`is_synthetic`) that comes first."""
    knows_no_people = is_synthetic and reason == "not_understood"
    why = voice.say("recording.knows_no_people") if knows_no_people else tell_in_chat(reason, voice)
    lines = [voice.say("recording.unheard", recording_data(recording)), why]
    make = [to_do(ListenAgain(recording.id), voice, mint)] if reason in ("broken", "gone") else []
    make.append(to_do(DeleteRecording(recording.id), voice, mint))
    return with_options(Card(lines[0], (*lines[1].split("\n"),)), voice, make)


def phrase_waits(recording: Recording, reason: str, voice: Voice, mint: Mint) -> Reply:
    """That it waits for something that somebody here can bring."""
    lines = voice.say("recording.waits", recording_data(recording)).split("\n")
    card = Card(lines[0], (*tell_in_chat(reason, voice).split("\n"), *lines[1:]))
    return with_options(card, voice, [to_do(CancelRecording(recording.id), voice, mint)])


def phrase_words(step: ConfirmWords, voice: Voice, mint: Mint) -> Phrased:
    """What was heard, shown back before anything is done: it was not heard well enough to act upon."""
    lines = voice.say("recording.words", {"words": step.text[:_LONGEST_WORDS]}).split("\n")
    note = voice.say("recording.only_synthetic") if step.is_synthetic else None
    buttons: list[MakeButton] = [
        lambda: Button(mint("heard", {"text": step.text}), voice.say("button.heard_right"), "primary"),
        lambda: Button(mint("retype", {}), voice.say("button.heard_wrong")),
    ]
    return Phrased(with_options(Card(lines[0], tuple(lines[1:]), note=note), voice, buttons))


def line_of(turn: Turn, voice: Voice, recording: Recording | None = None) -> str:
    """One turn as a line: when, who (as far as that is known), what.

    With the `recording` a speaker who has no name yet is told by side; unless the channel says so, that is an estimate.
    """
    said = turn.text.strip() if turn.lang != UNKNOWN else voice.say("recording.not_understood")
    said = said if len(said) <= _LONGEST_LINE else said[: _LONGEST_LINE - 1] + "…"
    who, is_estimated = turn.speaker, turn.speaker_is_estimated
    if recording is not None and recording.customer_speaker is not None and who in NAMES:
        who = voice.word("call_side", "customer" if who == recording.customer_speaker else "house")
        is_estimated = is_estimated or recording.customer_percent != _SURE
    told = {"at": clock(turn.start), "who": who, "text": said}
    key = "recording.line_estimated" if is_estimated else "recording.line"
    key = key if turn.speaker else "recording.line_plain"
    line = voice.say(key, told)
    return voice.say("correct.line", {"line": line}) if turn.is_corrected else line


def clock(seconds: float) -> str:
    """Seconds from the beginning as `4:07` or `1:02:03`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def note_of(recording: Recording, voice: Voice, *, is_synthetic: bool) -> str:
    """Which model heard it, and what must be said about that model."""
    model = voice.say("recording.model", {"model": recording.model or "–"})
    glue = "" if voice.lang == "zh" else " "
    return model + glue + voice.say("recording.only_synthetic") if is_synthetic else model


def _whole(recording_id: str, voice: Voice, mint: Mint) -> MakeButton:
    return _page(recording_id, 0, "button.whole", voice, mint)


def _page(recording_id: str, start: int, key: str, voice: Voice, mint: Mint) -> MakeButton:
    return lambda: Button(mint("transcript", {"recording": recording_id, "start": start}), voice.say(key))
