"""From a press or from words to what is put right in a call: which line is meant, and what was really said, by whom."""

import re
from dataclasses import replace
from datetime import timedelta
from difflib import SequenceMatcher

from sqlalchemy import select

from actions.crm import own
from actions.crm.records import Recording
from actions.outside.store import Tx
from actions.outside.tables import ButtonRow
from actions.proposal import Basis
from bot import buttons
from bot.call_corrections import Wish, correction
from bot.call_reading import CallReader, transcript_of_call
from bot.kept_recordings import may_read, turns_of
from bot.steps import AskCorrection, AskWords, Do, Heard, Plain, ShowCorrection, Step
from voice.sentences import Sentence, sentences_of
from voice.transcript import Transcript, Turn

_MOST_LINES = 3
_LEAST_LETTERS = 2
"""Of a line that is offered: a bare yes is seldom what has to be put right."""
_IS_SUBJECT_FOR = timedelta(hours=12)
"""How long after a recording was shown here words that name a second in it are about it."""
_ON_RECORDING = ("transcript", "correct", "correct_line", "corrects")
CORRECTING = frozenset({"correct", "correct_line", "corrects", "put_right"})
"""What the buttons do that belong here."""
_TYPED = re.compile(
    r"(?P<at>(?:\d{1,2}[:：])?\d{1,2}[:：]\d{2})\s*"
    r"(?P<says>(?:应该是|其实是|说的是|改成|改为|(?:should|must) (?:be|read|say)|was|is really)\s*[:：]?|[:：])?\s*"
    r"(?P<text>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_ENDS = "。！？!?.…"
_ASKS_US = frozenset(
    {
        "crm.lookup_customer",
        "crm.lookup_pipeline",
        "crm.morning_brief",
        "crm.set_reminder",
        "escalation.status",
        "report.value_decay",
    }
)
"""What is said to the copilot and not by anybody in a call: it leaves the line that was asked about alone."""


async def on_correcting(tx: Tx, heard: Heard, button: buttons.Pressed, calls: CallReader) -> Step:
    """What a press on one of the buttons about putting right leads to, for whoever may read the recording."""
    data = button.data
    recording = await own.get(tx, "recording", str(data["recording"]))
    if not isinstance(recording, Recording) or not await may_read(tx, recording, heard.speaker):
        return Plain("recording_gone")
    if button.action == "put_right":
        return await _put_right(tx, heard, recording, Wish(data["what"], str(data["value"]), data.get("place")), calls)
    transcript = transcript_of_call(recording, await turns_of(tx, recording.id))
    if not transcript.turns or recording.state != "done":
        return Plain("recording_gone")
    if button.action == "correct":
        return _ask_which(recording, transcript)
    found = _at(transcript, float(data["at"]), int(data["place"]))
    return _ask_words(recording, transcript, *found) if found else Plain("no_such_line")


async def what_is_wrong(tx: Tx, recording: Recording) -> Step:
    """The question what has to be put right in it: the two sides, or one of the lines least sure of."""
    transcript = transcript_of_call(recording, await turns_of(tx, recording.id))
    return _ask_which(recording, transcript) if transcript.turns else Plain("recording_gone")


async def line_at(tx: Tx, recording: Recording, second: float | None) -> Step:
    """The question about the line of this second: what was really said, or by whom; about any where it is not known."""
    transcript = transcript_of_call(recording, await turns_of(tx, recording.id))
    found = None if second is None else _at(transcript, second, -1)
    return _ask_words(recording, transcript, *found) if found else await what_is_wrong(tx, recording)


async def says_right_words(tx: Tx, heard: Heard, text: str, calls: CallReader) -> Step | None:
    """Words that were asked for just now, or that begin with the second of a line of the recording shown here."""
    here = heard.message.address.key
    asked = await buttons.latest(tx, here, "corrects")
    typed = _TYPED.fullmatch(text.strip())
    if asked is not None and typed is None:
        if heard.understanding is not None and heard.understanding.sure and heard.understanding.intent in _ASKS_US:
            return None
        at, place, right = float(asked.data["at"]), int(asked.data["place"]), text
        recording_id = str(asked.data["recording"])
    elif typed is not None and (subject := await _subject(tx, heard, is_plain=typed["says"] is not None)) is not None:
        at, place, right, recording_id = _seconds(typed["at"]), -1, typed["text"], subject
    else:
        return None
    recording = await own.get(tx, "recording", recording_id)
    if not isinstance(recording, Recording) or not await may_read(tx, recording, heard.speaker):
        return None
    transcript = transcript_of_call(recording, await turns_of(tx, recording.id))
    found = _at(transcript, at, place)
    if found is None:
        return Plain("no_such_line")
    place, sentence = found
    wish = Wish("text", _with_words(transcript, place, sentence, " ".join(right.split())), place)
    return await _put_right(tx, heard, recording, wish, calls)


async def _put_right(tx: Tx, heard: Heard, recording: Recording, wish: Wish, calls: CallReader) -> Step:
    """Done at once, unless signals or reminders hang on it: then what would become of them is shown first."""
    command = await correction(tx, calls, recording.id, wish, heard.speaker, heard.now)
    if command is None:
        return Plain("recording_gone")
    plan = command.plan(await own.get_many(tx, command.reads), heard.speaker, "", heard.now)
    if plan.problem is None and any(name.startswith(("signals_", "reminders_")) for name in plan.data):
        return ShowCorrection(recording, command, plan.data)
    return Do(command, Basis(text=heard.message.text, confidence=1.0, message=heard.message.key), heard.message.key)


async def _subject(tx: Tx, heard: Heard, *, is_plain: bool) -> str | None:
    """The recording that a second means: the one on the latest card, or where the words say plainly that something was said
    otherwise, the one shown here last."""
    here = ButtonRow.conversation == heard.message.address.key
    shown = (
        select(ButtonRow.data, ButtonRow.created_at)
        .where(here, ButtonRow.action.in_(_ON_RECORDING), ButtonRow.created_at >= heard.now - _IS_SUBJECT_FOR)
        .order_by(ButtonRow.created_at.desc(), ButtonRow.token)
    )
    last = (await tx.execute(shown.limit(1))).first()
    if last is None:
        return None
    newest = await tx.scalar(select(ButtonRow.created_at).where(here).order_by(ButtonRow.created_at.desc()).limit(1))
    return str(last.data["recording"]) if is_plain or last.created_at >= newest else None


# --- thinking -----------------------------------------------------------------------------------------------------------


def _unsure(transcript: Transcript) -> tuple[tuple[int, Sentence], ...]:
    """The lines whose words the model was least sure of, the least sure first; what was put right is not among them."""
    found = [
        (place, sentence)
        for place, turn in enumerate(transcript.turns)
        if not turn.is_corrected
        for sentence in _sentences(transcript, place)
        if len(sentence.text) > _LEAST_LETTERS
    ]
    found.sort(key=lambda one: (_certainty(transcript.turns[one[0]], one[1]), one[1].start))
    return tuple(found[:_MOST_LINES])


def _certainty(turn: Turn, sentence: Sentence) -> float:
    words = [word.probability for word in turn.words if sentence.start <= (word.start + word.end) / 2 < sentence.end]
    return sum(words) / len(words) if words else turn.certainty


def _sentences(transcript: Transcript, place: int) -> tuple[Sentence, ...]:
    return sentences_of(replace(transcript, turns=(transcript.turns[place],)))


def _at(transcript: Transcript, second: float, place: int) -> tuple[int, Sentence] | None:
    """The line that begins at this second as it is shown, or else that in which it lies; of any turn where `place` is
    negative."""
    places = range(len(transcript.turns)) if place < 0 else [place] if place < len(transcript.turns) else []
    lines = [(n, sentence) for n in places for sentence in _sentences(transcript, n)]
    begins = (one for one in lines if int(one[1].start) == int(second))
    return next(begins, None) or next((one for one in lines if one[1].start <= second < one[1].end), None)


def _with_words(transcript: Transcript, place: int, sentence: Sentence, right: str) -> str:
    """The text of the turn with the right words in the place of the sentence; of all of it where they are more like that."""
    text = transcript.turns[place].text
    spoken = _sentences(transcript, place)
    if len(spoken) == 1 or (sentence == spoken[0] and _alike(right, text) > _alike(right, sentence.text)):
        return _ended(right, text)
    at = 0
    for one in spoken:
        at = text.index(one.text, at)
        if one == sentence:
            break
        at += len(one.text)
    return text[:at] + _ended(right, sentence.text) + text[at + len(sentence.text) :]


def _ended(right: str, heard: str) -> str:
    """With the full stop that was there: nobody types it on a phone."""
    return right + heard[-1] if heard[-1:] in _ENDS and right[-1:] not in _ENDS else right


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _ask_which(recording: Recording, transcript: Transcript) -> AskCorrection:
    return AskCorrection(recording, _unsure(transcript), transcript.speakers)


def _ask_words(recording: Recording, transcript: Transcript, place: int, sentence: Sentence) -> AskWords:
    others = tuple(one for one in transcript.speakers if one != sentence.speaker)
    return AskWords(recording, place, sentence, others)


def _seconds(clock: str) -> float:
    seconds = 0
    for part in clock.replace("：", ":").split(":"):
        seconds = seconds * 60 + int(part)
    return float(seconds)
