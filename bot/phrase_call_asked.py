"""Station phrase, for what is asked of a call in passing: the lines of its report that answer it, to be heard as well."""

from collections.abc import Mapping
from typing import Any

from actions.commands.clips import ShareClip
from actions.commands.planning import SALES
from actions.commands.recordings import DeleteRecording, recording_data
from actions.crm.records import Speaker
from bot.call_asking import telling_of
from bot.call_reading import CallRead
from bot.message import Button, Card
from bot.phrase_calls import lines_on
from bot.phrase_clips import to_play
from bot.phrase_mood import mood_details, mood_line
from bot.playing import SECONDS
from bot.steps import AskToDelete, TellOfCall
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, to_do, with_options

_MOST_LINES = 6
_MOST_PLAYED = 2


def phrase_call_asked(step: TellOfCall, speaker: Speaker, voice: Voice, mint: Mint) -> Phrased:
    """The answer to what was asked; where the report holds nothing on it, that, and the way to all the words."""
    read, recording = step.read, step.read.recording
    if step.topic == "pass_on":
        return _phrase_pass_on(read, speaker, voice, mint)
    told = recording_data(recording)
    note, found = None, list[tuple[float, str]]()
    if step.topic == "grounds":
        lines = _grounds(read, voice)
    elif step.topic == "mood":
        line = mood_line(read, voice)
        found = [(peak.at, "") for peak in (read.mood.mood.peaks if read.mood else ())]
        lines = [line, *mood_details(read, voice)] if line else []
        note = voice.say("call_asked.only_customer")
    else:
        found = lines_on(read, step.topic, voice)
        lines = [text for _, text in found[:_MOST_LINES]]
        if len(found) > _MOST_LINES:
            lines.append(voice.say("call_asked.further", {"count": len(found) - _MOST_LINES}))
    title = voice.say(f"call_asked.{step.topic}" if lines else f"call_silent.{step.topic}", told)
    played = to_play(recording, [at for at, _ in found[:_MOST_LINES]], voice)[:_MOST_PLAYED]
    make: list[MakeButton] = [_made(one["action"], one["data"], one["label"], mint) for one in played]
    whole = {"recording": recording.id, "start": 0}
    make.append(_made("transcript", whole, voice.say("button.whole"), mint))
    if step.topic in ("they_promised", "we_promised", "promised") and lines and speaker.role in SALES:
        make.append(_made("call_note", {"recording": recording.id}, voice.say("button.call_note"), mint))
    return Phrased(with_options(Card(title, tuple(lines), note=note), voice, make))


def _grounds(read: CallRead, voice: Voice) -> list[str]:
    """What the report rests on: the model that heard it, how sure it is who the customer is, how the mood was judged."""
    recording, transcript = read.recording, read.transcript
    certain = f"{transcript.customer_certainty:.0%}" if transcript.customer is not None else None
    lines = voice.say("call_asked.rests_on", {"model": recording.model or "–", "percent": certain}).split("\n")
    if any(turn.speaker_is_estimated for turn in transcript.turns):
        lines.append(voice.say("report.speakers_estimated"))
    if transcript.customer is None:
        lines.append(voice.say("call_page.customer_unclear"))
    return [*lines, *mood_details(read, voice)]


def _phrase_pass_on(read: CallRead, speaker: Speaker, voice: Voice, mint: Mint) -> Phrased:
    """Managers read a call of their people anyhow; what can be passed on is a moment of its sound, which is asked first."""
    recording = read.recording
    at = telling_of(read)
    lines = voice.say("call_asked.pass_on", recording_data(recording)).split("\n")
    start = round(at or 0.0, 3)
    ends = (recording.duration_ms or 0) / 1000
    seconds = round(min(SECONDS, ends - start), 3) if ends else SECONDS
    words = [one.text for one in read.report.sentences if one.end > start and one.start < start + seconds]
    make: list[MakeButton] = []
    if speaker.role in ShareClip.roles and recording.basis is not None:
        share = ShareClip(recording.id, start, seconds, "group:@managers", " ".join(words)[:120], recording.customer_id)
        play = to_play(recording, [start], voice)
        make += [_made(one["action"], one["data"], one["label"], mint) for one in play]
        make.append(to_do(share, voice, mint))
        lines += [voice.say("call_asked.would_pass", {"words": " ".join(words)[:120]})] if words else []
    make.append(_made("transcript", {"recording": recording.id, "start": 0}, voice.say("button.whole"), mint))
    return Phrased(with_options(Card(lines[0], tuple(lines[1:])), voice, make))


def phrase_ask_to_delete(step: AskToDelete, voice: Voice, mint: Mint) -> Phrased:
    """What would be gone, before it is: it cannot be taken back."""
    lines = voice.say("call_asked.delete", recording_data(step.recording)).split("\n")
    delete = DeleteRecording(step.recording.id)
    return Phrased(with_options(Card(lines[0], tuple(lines[1:])), voice, [to_do(delete, voice, mint)]))


def _made(action: str, data: Mapping[str, Any], label: str, mint: Mint) -> MakeButton:
    return lambda: Button(mint(action, data), label)
