"""Station phrase, for what is put right in a call: which line, what was really said, and what hangs on it."""

from typing import Any

from actions.commands.calls import recording_second
from actions.commands.corrections import CorrectCall
from actions.commands.recordings import recording_data
from actions.commands.roster import command_to_json
from actions.crm.records import Recording
from bot.message import Button, Card
from bot.steps import AskCorrection, AskWords, ShowCorrection
from bot.wording.changes import shortened
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, with_options
from voice.speakers import NAMES

_ON_A_BUTTON = {"zh": 12, "en": 24}
_SHOWN = 200


def phrase_correcting(step: AskCorrection | AskWords | ShowCorrection, voice: Voice, mint: Mint) -> Phrased:
    """The next card on the way to what is put right."""
    match step:
        case AskCorrection():
            return phrase_ask_correction(step, voice, mint)
        case AskWords():
            return phrase_ask_words(step, voice, mint)
        case ShowCorrection():
            return phrase_correction(step, voice, mint)


def phrase_ask_correction(step: AskCorrection, voice: Voice, mint: Mint) -> Phrased:
    """What should be put right: the sides in one tap, or one of the lines least sure of; a line's second can be typed."""
    recording = step.recording
    lines = voice.say("correct.which", recording_data(recording)).split("\n")
    make: list[MakeButton] = []
    customer = recording.customer_speaker
    if customer is not None and len(step.speakers) == 2:
        other = next(one for one in step.speakers if one != customer) if customer in step.speakers else step.speakers[0]
        make.append(_put_right(recording, "customer", other, None, voice.say("button.swap_sides"), mint))
    elif customer is None:
        make += [
            _put_right(recording, "customer", one, None, voice.say("button.is_customer", {"speaker": one}), mint)
            for one in step.speakers[:2]
        ]
    for place, sentence in step.lines:
        words = shortened(sentence.text, _ON_A_BUTTON[voice.lang])
        told = {"at": recording_second(sentence.start), "words": words}
        data = {"recording": recording.id, "place": place, "at": sentence.start}
        make.append(_button("correct_line", data, voice.say("button.correct_line", told), mint))
    if customer is not None:
        make.append(_put_right(recording, "customer", "", None, voice.say("button.nobody_knows"), mint))
    return Phrased(with_options(Card(lines[0], tuple(lines[1:])), voice, make))


def phrase_ask_words(step: AskWords, voice: Voice, mint: Mint) -> Phrased:
    """What was heard in this line, and the question what was really said; whose it was can be pressed."""
    said = step.sentence
    told = {"at": recording_second(said.start), "words": shortened(said.text, _SHOWN)}
    lines = voice.say("correct.words", told).split("\n")
    make = [
        _put_right(step.recording, "speaker", one, step.place, _said_by(step.recording, one, voice), mint)
        for one in step.others[:2]
    ]
    card = Card(lines[0], tuple(lines[1:]))
    reply = with_options(card, voice, [*make, _again(step.recording.id, voice.say("button.correct_other"), mint)])
    # a button that is not shown, so that what is typed next is known to answer this
    mint("corrects", {"recording": step.recording.id, "place": step.place, "at": said.start})
    return Phrased(reply)


def phrase_correction(step: ShowCorrection, voice: Voice, mint: Mint) -> Phrased:
    """Before and after, with what would become of what was written down; one press does it."""
    told = told_of_correction(step.command, step.told)
    lines = voice.say("correct.show", told).split("\n")
    command = {"command": command_to_json(step.command)}
    make: list[MakeButton] = [_button("do", command, voice.say("command.correct_call"), mint)]
    make.append(_again(step.recording.id, voice.say("button.correct_other"), mint))
    return Phrased(with_options(Card(lines[0], tuple(lines[1:])), voice, make))


def told_of_correction(command: CorrectCall, told: Any) -> dict[str, Any]:
    """What can be said of a correction: long words shortened, a speaker by the side that is known."""
    shown = {name: shortened(str(told[name]), _SHOWN) for name in ("before", "after", "words") if told.get(name)}
    return {**told, **shown}


def to_correct(recording_id: str, voice: Voice, mint: Mint) -> MakeButton:
    """The button that leads to putting something right in a recording."""
    return _again(recording_id, voice.say("button.correct"), mint)


def another_correction(recording_id: str, voice: Voice, mint: Mint) -> MakeButton:
    """The button that leads to putting something else right."""
    return _again(recording_id, voice.say("button.correct_more"), mint)


def _said_by(recording: Recording, speaker: str, voice: Voice) -> str:
    """Who else can have said it, by side where the sides are known."""
    if recording.customer_speaker is None or speaker not in NAMES:
        return voice.say("button.said_by", {"speaker": speaker})
    side = "customer" if speaker == recording.customer_speaker else "house"
    return voice.say("button.said_by", {"speaker": voice.word("call_side", side)})


def _put_right(recording: Recording, what: str, value: str, place: int | None, label: str, mint: Mint) -> MakeButton:
    data = {"recording": recording.id, "what": what, "value": value, "place": place}
    return _button("put_right", data, label, mint)


def _again(recording_id: str, label: str, mint: Mint) -> MakeButton:
    return _button("correct", {"recording": recording_id}, label, mint)


def _button(action: str, data: dict[str, Any], label: str, mint: Mint) -> MakeButton:
    return lambda: Button(mint(action, data), label)
