"""Station phrase, for calls: the report as a card, what would be written to the CRM, and with whom a call was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from actions.commands.calls import CallLift, CallMoment, CallPromise, CallSignal, WriteCall, recording_second
from actions.commands.planning import SALES
from actions.commands.recordings import DeleteRecording, NotWithCustomer, recording_data
from actions.commands.roster import command_to_json
from actions.crm.records import Customer, Signal, Speaker
from actions.plays.local_time import moment
from bot.call_questions import Topic
from bot.call_reading import CallRead, CallSummary, SignalHeard, SignalOver
from bot.dispatching import SentCall
from bot.message import Button, Card, Reply
from bot.phrase_clips import to_play
from bot.phrase_corrections import to_correct
from bot.phrase_dispatch import sent_line
from bot.phrase_mood import mood_details, mood_line, with_mood_picture
from bot.phrase_recordings import line_of, note_of
from bot.phrase_unread import unread_lines
from bot.steps import AskCallCustomer, ShowCallNote, ShowSummary
from bot.wording.changes import shortened
from bot.wording.deeds import command_label
from bot.wording.fill import Voice
from bot.wording.layout import MOST_BUTTONS, MakeButton, Mint, Phrased, to_do, with_buttons, with_options
from voice.report import Moment, Promise, Question
from voice.sentences import Sentence, side_of

_QUOTE = {"zh": 22, "en": 44}
"""Characters of a quote on the card: a line of a phone, with what stands before it."""
_LONG_QUOTE = 120
_MOMENTS, _PROMISES, _QUESTIONS, _FIRST_LINES = 3, 2, 1, 4
_PARTS = 2
"""Lines of the card for rivals, budget and needs together, when there is much else."""
_MOST_SECONDS = 4
"""Lines of each on the card; the rest is behind "more"."""
_TOPICS, _NAMED = 3, 4
_TOLD = frozenset({"company", "product", "amount", "person", "percent"})
"""What of the information in a call is told as mentioned."""
_MOST_OF_REST = 24
_MOST_CHOICES = 3
_MOST_WORDS = 200
_BRIEF_SILENCES = 3


@dataclass(frozen=True)
class _Line:
    """One line of a report and the second that it is about."""

    at: float
    text: str


def phrase_report(
    read: CallRead,
    customer: Customer | None,
    is_synthetic: bool,
    person: Speaker | None,
    voice: Voice,
    mint: Mint,
    sent: SentCall | None = None,
) -> Reply:
    """The card of a call that is done: who, what about, moments, promises, open questions, where it was sent; the rest one
    press away."""
    recording = read.recording
    title = _title(read, customer, voice)
    moments, promised, asked, parts = (_lines(one, read, voice) for one in (_moments, _promises, _questions, _parts))
    sounded = mood_line(read, voice)
    most = _MOMENTS - bool(sounded)  # a line of its own, on a card that stays as long
    shown = [*moments[:most], *parts[:_PARTS], *promised[:_PROMISES], *asked[:_QUESTIONS]]
    rest = [*moments[most:], *parts[_PARTS:], *promised[_PROMISES:], *asked[_QUESTIONS:]]
    lines = [*_about(read, voice), *([sounded] if sounded else []), *(one.text for one in shown)]
    if not shown:
        lines += [line_of(turn, voice, read.recording) for turn in read.transcript.turns[:_FIRST_LINES]]
    if (done := sent_line(sent, voice)) is not None:
        lines.append(done)
    card = Card(
        title, tuple(lines), note=_note(read, voice, is_synthetic=is_synthetic), view_of=f"transcript:{recording.id}"
    )
    told = [*(one.text for one in sorted(rest, key=lambda one: one.at)), *_further(read, voice)]
    more = [*told[:_MOST_OF_REST], *mood_details(read, voice)]
    make: list[MakeButton] = []
    if person is None or person.role in SALES:
        if customer is not None and read.strongest is not None:
            make.append(_next_steps(read.strongest, recording.id, customer, voice, mint))
        make.append(lambda: Button(mint("call_note", {"recording": recording.id}), voice.say("button.call_note")))
    make.append(lambda: Button(mint("transcript", {"recording": recording.id, "start": 0}), voice.say("button.whole")))
    delete = DeleteRecording(recording.id)
    later: list[Mapping[str, Any]] = []
    if len(make) < MOST_BUTTONS - 1:
        make.append(to_correct(recording.id, voice, mint))
    else:
        later.append({"action": "correct", "data": {"recording": recording.id}, "label": voice.say("button.correct")})
    later.append({"action": "summary", "data": {"recording": recording.id}, "label": voice.say("button.summary")})
    later.append({"action": "do", "data": {"command": command_to_json(delete)}, "label": command_label(delete, voice)})
    playable = to_play(recording, [one.at for one in (*moments, *promised, *asked)], voice)
    later += playable
    if playable:
        more.append(voice.say("clip.hint", {"at": recording_second(playable[0]["data"]["start"])}))
    text = "\n".join([voice.say("report.more", recording_data(recording)), *more])
    if more or later:
        make.append(lambda: Button(mint("more", {"text": text, "later": later}), voice.say("button.more")))
    return with_mood_picture(with_buttons(card, voice, make, mint), read, voice)


def lines_on(read: CallRead, topic: Topic, voice: Voice) -> list[tuple[float, str]]:
    """What the report holds on one topic, each with its second, in the order in which it was said."""
    report = read.report
    empty = replace(report, moments=(), promises=(), questions=(), rivals=(), budget=(), needs=(), people=())
    theirs = tuple(one for one in report.promises if one.quote.side != "ours")
    own = tuple(one for one in report.moments if one.quote.side != "ours")
    match topic:
        case "said":
            part = replace(report, promises=theirs, rivals=(), people=())
        case "objections":
            part = replace(empty, moments=tuple(one for one in own if _is_against(one)))
        case "wants":
            part = replace(empty, needs=report.needs, moments=tuple(one for one in own if not _is_against(one)))
        case "they_promised":
            part = replace(empty, promises=theirs)
        case "we_promised":
            part = replace(empty, promises=tuple(one for one in report.promises if one.quote.side != "customer"))
        case "promised":
            part = replace(empty, promises=report.promises)
        case "open":
            part = replace(empty, questions=report.questions)
        case "budget":
            part = replace(empty, budget=report.budget)
        case "rivals":
            part = replace(empty, rivals=report.rivals)
        case _:
            part = empty
    signals = read.signals if topic in ("said", "objections") else ()
    part_read = replace(read, report=part, signals=signals)
    found = [line for tell in (_moments, _parts, _promises, _questions) for line in tell(part_read, voice, _LONG_QUOTE)]
    return [(one.at, one.text) for one in sorted(found, key=lambda one: one.at)]


def plain_summary(read: CallRead, customer: Customer | None, voice: Voice) -> str:
    """The call in a few sentences that are put together from its report."""
    told = {"of": recording_second(read.transcript.duration), "customer": called(customer, voice) if customer else None}
    topics = list(dict.fromkeys(voice.intent(one.intent) for one in _surest_first(read)))[:_TOPICS]
    heard = [one.text for one in _moments(read, voice, _LONG_QUOTE)[:1]]
    agreed = [one.text for one in _promises(read, voice, _LONG_QUOTE)[:1]]
    lines = [
        voice.say("summary.with" if customer else "summary.call", told),
        voice.say("summary.topics", {"topics": voice.join(topics)}) if topics else "",
        *(voice.say("summary.heard", {"line": one}) for one in heard),
        *(voice.say("summary.agreed", {"line": one}) for one in agreed),
        voice.say("summary.open", {"count": len(read.report.questions)}) if read.report.questions else "",
    ]
    return "\n".join(line for line in lines if line)


def phrase_summary(step: ShowSummary, voice: Voice, mint: Mint) -> Phrased:
    """A call in a few sentences, and who wrote them."""
    summary = step.written or CallSummary(step.plain)
    note = voice.say("summary.by_model", {"model": summary.model}) if summary.model else voice.say("summary.by_rule")
    recording = step.read.recording
    title, words = voice.say("summary.title", recording_data(recording)), tuple(summary.text.split("\n"))
    card = Card(title, words, note=note, view_of=f"words:{recording.id}")
    whole = {"recording": recording.id, "start": 0}
    return Phrased(with_options(card, voice, [lambda: Button(mint("transcript", whole), voice.say("button.whole"))]))


def phrase_call_note(step: ShowCallNote, is_synthetic: bool, voice: Voice, mint: Mint) -> Phrased:
    """Exactly what would be written down of a call, and one press that does it; each signal and reminder can be left out."""
    command = call_note(step, voice)
    told = {**recording_data(step.read.recording), "customer": called(step.customer, voice)}
    lines = [voice.say("report.note_call", {"of": recording_second(step.read.transcript.duration)})]
    make: list[MakeButton] = [lambda: Button(mint("do", {"command": command_to_json(command)}), voice.say("button.write"))]
    if step.read.recording.customer_id is not None:
        make.append(to_do(NotWithCustomer(step.read.recording.id, step.customer.id), voice, mint))
    left_out = [*step.without]
    for one in command.signals:
        until = step.read.recording.created_at + timedelta(days=one.lasts_days)
        told_signal = {"kind": one.kind, "words": shortened(one.words, _QUOTE[voice.lang]), "until": until.isoformat()}
        lines.append(voice.say("report.note_signal", {**told_signal, "at": recording_second(one.second)}))
        label = voice.say("button.without_signal", {"kind": one.kind})
        make.append(_without(step, f"signal:{one.kind}", left_out, label, mint))
    for lift in command.lifts:
        kind = next(one.kind for one in step.standing if one.id == lift.signal_id)
        told_lift = {"kind": kind, "words": shortened(lift.words, _QUOTE[voice.lang]), "at": recording_second(lift.second)}
        lines.append(voice.say("report.note_lift", told_lift))
        label = voice.say("button.without_lift", {"kind": kind})
        make.append(_without(step, f"lift:{kind}", left_out, label, mint))
    for at, promise in _due(step):
        told_promise = {"due": promise.due_at.isoformat(), "text": shortened(promise.text, 2 * _QUOTE[voice.lang])}
        lines.append(voice.say("report.note_reminder", told_promise))
        label = voice.say("button.without_reminder", {"due": promise.due_at.isoformat()})
        make.append(_without(step, f"promise:{at}", left_out, label, mint))
    lines += [voice.say("report.note_moment", _moment_data(one, voice)) for one in command.moments[:_MOMENTS]]
    card = Card(voice.say("report.note", told), tuple(lines), note=_note(step.read, voice, is_synthetic=is_synthetic))
    return Phrased(with_options(card, voice, make[: 2 + _MOST_CHOICES]))


def phrase_ask_call_customer(step: AskCallCustomer, voice: Voice, mint: Mint) -> Phrased:
    """With whom was it? The customers whom it can have been, and a name can be typed."""
    lines = voice.say("report.with_whom", recording_data(step.recording)).split("\n")

    def make(customer: Customer) -> MakeButton:
        data = {"recording": step.recording.id, "customer": customer.id}
        return lambda: Button(mint("call_note", data), called(customer, voice))

    card = Card(lines[0], tuple(lines[1:]))
    if not step.customers:
        mint("call_note", {"recording": step.recording.id})  # so that a name that is typed is known to answer this
    return Phrased(with_options(card, voice, [make(one) for one in step.customers]))


def call_note(step: ShowCallNote, voice: Voice) -> WriteCall:
    """The command that writes a call down, without what was left out. Days are told as on the day of the call."""
    read, recording = step.read, step.read.recording
    voice = replace(voice, now=recording.created_at)
    told = {**recording_data(recording), "of": recording_second(read.transcript.duration)}
    parts, promised, asked = (_lines(one, read, voice, _LONG_QUOTE) for one in (_parts, _promises, _questions))
    found = (*parts, *promised, *asked)
    lines = [voice.say("report.note_text", told), *_about(read, voice), *(one.text for one in found)]
    return WriteCall(
        recording_id=recording.id,
        customer_id=step.customer.id,
        text="\n".join(lines),
        moments=tuple(
            CallMoment(one.intent, voice.intent(one.intent), _second(one.quote), one.quote.text[:_MOST_WORDS])
            for one in _surest_first(read)
            if one.quote.side == "customer"
        ),
        signals=tuple(_signal(one) for one in read.signals if f"signal:{one.kind}" not in step.without),
        promises=tuple(promise for _, promise in _due(step)),
        deal_id=recording.deal_id,
        lifts=_lifts(step),
    )


def called(customer: Customer, voice: Voice) -> str:
    """A customer by the name in this language."""
    return (customer.name_en or customer.name) if voice.lang == "en" else customer.name


# --- the parts of a report ---------------------------------------------------------------------------------------------


def _title(read: CallRead, customer: Customer | None, voice: Voice) -> str:
    told = {
        **recording_data(read.recording),
        "of": recording_second(read.transcript.duration),
        "count": len(read.transcript.turns),
    }
    if customer is None:
        return voice.say("report.title_nobody", told)
    return voice.say("report.title", {**told, "customer": called(customer, voice)})


def _about(read: CallRead, voice: Voice) -> list[str]:
    """What it was about and how the talk was shared, in lines."""
    topics = list(dict.fromkeys(voice.intent(one.intent) for one in _surest_first(read)))[:_TOPICS]
    named = [one.text for one in read.report.named if one.type in _TOLD][:_NAMED]
    lines = [
        voice.say("report.about", {"topics": voice.join(topics)}) if topics else "",
        voice.say("report.named", {"names": voice.join(named)}) if named else "",
        _talk(read, voice),
        *unread_lines(read, voice),
    ]
    return [line for line in lines if line]


def _talk(read: CallRead, voice: Voice) -> str:
    shares = read.report.talk.shares
    if len(shares) < 2:
        return ""
    known = read.transcript.customer is not None
    parts = [
        voice.say("report.share", {"who": _who(side_of(one, read.transcript), one, voice), "share": f"{share:.0%}"})
        for one, share in shares.items()
    ]
    return voice.say("report.talk" if known else "report.talk_unsure", {"shares": voice.join(parts)})


def _who(side: str, speaker: str, voice: Voice) -> str:
    """Whose words they are; where nobody can say, what the speaker is called in the transcript."""
    return speaker if side == "unknown" and speaker else voice.word("side", side)


def _surest_first(read: CallRead) -> list[Moment]:
    return sorted(read.report.moments, key=lambda one: (-one.confidence, one.quote.start))


def _is_against(one: Moment) -> bool:
    """Whether it is told as what it stands against, rather than as a wish."""
    return one.intent.startswith("objection.")


_Tell = Callable[[CallRead, Voice, int], list[_Line]]


def _lines(tell: _Tell, read: CallRead, voice: Voice, limit: int | None = None) -> list[_Line]:
    return tell(read, voice, limit or _QUOTE[voice.lang])


def _moments(read: CallRead, voice: Voice, limit: int) -> list[_Line]:
    """Signals first, as they stop things; then what was shown, the surest first, all that a sentence shows in one line. An
    open question is told as one."""
    lines = [
        _Line(one.quote.start, voice.say("report.signal", {**_quoted(one.quote, voice, limit), "kind": one.kind}))
        for one in read.signals
    ]
    told = {one.quote for one in read.signals} | {one.quote for one in read.report.questions}
    shown: dict[Sentence, list[Moment]] = {}
    for one in _surest_first(read):
        shown.setdefault(one.quote, []).append(one)
    for quote, moments in shown.items():
        if quote in told or (quote in read.report.needs and not any(map(_is_against, moments))):
            continue
        key = "report.moment" if quote.side == "customer" else "report.moment_unsure"
        what = voice.join([voice.intent(one.intent) for one in moments])
        lines.append(_Line(quote.start, voice.say(key, {**_quoted(quote, voice, limit), "what": what})))
    return lines


def _parts(read: CallRead, voice: Voice, limit: int) -> list[_Line]:
    """Rivals, budget, needs, people; what is told as a signal, a moment or a question is not told twice."""
    report = read.report
    told = {one.quote for one in read.signals} | {one.quote for one in report.questions}
    told |= {one.quote for one in report.moments if _is_against(one) or one.quote not in report.needs}
    lines = []
    for rival in report.rivals:
        when = voice.join([recording_second(at) for at in rival.at[:_MOST_SECONDS]])
        lines.append(_Line(rival.quote.start, voice.say("report.rival", {"name": rival.name, "times": when})))
    lines += [
        _Line(one.quote.start, voice.say("report.budget", _quoted(one.quote, voice, limit)))
        for one in report.budget
        if one.quote not in told
    ]
    told |= {one.quote for one in report.budget}
    for one in report.needs:
        if one not in told:
            key = "report.need" if one.side == "customer" else "report.need_unsure"
            lines.append(_Line(one.start, voice.say(key, _quoted(one, voice, limit))))
    for person in report.people:
        known = voice.join([part for part in (person.company, person.office) if part])
        data = {"name": person.name, "known": known, "times": recording_second(person.at[0])}
        lines.append(_Line(person.at[0], voice.say("report.person_known" if known else "report.person", data)))
    return lines


def _promises(read: CallRead, voice: Voice, limit: int) -> list[_Line]:
    """Ours first: they are what somebody here has to keep."""

    def line(one: Promise) -> _Line:
        due = moment(one.due.value, read.recording.created_at, _in(voice)) if one.due else None
        told = {**_quoted(one.quote, voice, limit), "due": due.isoformat() if due else None}
        return _Line(one.quote.start, voice.say("report.promise_due" if due else "report.promise", told))

    order = {"ours": 0, "customer": 1, "unknown": 2}
    return [line(one) for one in sorted(read.report.promises, key=lambda one: (order[one.quote.side], one.quote.start))]


def _questions(read: CallRead, voice: Voice, limit: int) -> list[_Line]:
    def line(one: Question) -> _Line:
        key = "report.question_later" if one.was_put_off else "report.question"
        return _Line(one.quote.start, voice.say(key, _quoted(one.quote, voice, limit)))

    return [line(one) for one in read.report.questions]


def _further(read: CallRead, voice: Voice) -> list[str]:
    """How the talk went."""
    silences = read.report.talk.silences
    longest = sorted(silences, key=lambda one: -one.seconds)[:_BRIEF_SILENCES]
    times = [voice.say("report.silence_at", {"at": recording_second(one.start), "s": round(one.seconds)}) for one in longest]
    again = [one for one in _surest_first(read) if one.again]
    lines = [
        voice.say(
            "report.again",
            {"what": one.intent, "times": voice.join([recording_second(at) for at in one.again[:_TOPICS]])},
        )
        for one in again
    ]
    return [*lines, voice.say("report.silences", {"times": voice.join(times)})] if times else lines


def _quoted(quote: Sentence, voice: Voice, limit: int) -> dict[str, Any]:
    return {
        "at": recording_second(quote.start),
        "who": _who(quote.side, quote.speaker, voice),
        "words": shortened(quote.text, limit),
    }


def _note(read: CallRead, voice: Voice, *, is_synthetic: bool) -> str:
    """The model, and what is only estimated."""
    doubts = []
    if any(turn.speaker_is_estimated for turn in read.transcript.turns):
        doubts.append(voice.say("report.speakers_estimated"))
    elif read.transcript.customer is not None and read.transcript.customer_certainty < 1:
        doubts.append(voice.say("report.customer_guessed"))
    return ("" if voice.lang == "zh" else " ").join([note_of(read.recording, voice, is_synthetic=is_synthetic), *doubts])


# --- what hangs on it --------------------------------------------------------------------------------------------------


def _next_steps(strongest: Moment, recording: str, customer: Customer, voice: Voice, mint: Mint) -> MakeButton:
    """The customer's words go down the road that words told by a colleague go; what comes of them rests on this moment."""
    said = {"text": reported(strongest, customer, voice), "intent": strongest.intent, "at": strongest.quote.start}
    return lambda: Button(mint("say", {**said, "recording": recording}), voice.say("button.call_steps"))


def reported(shown: Moment, customer: Customer, voice: Voice) -> str:
    """A customer's moment as a colleague would tell of it."""
    words = shortened(shown.quote.text, _LONG_QUOTE)
    return voice.say("report.reported", {"customer": called(customer, voice), "words": words})


def _without(step: ShowCallNote, name: str, left_out: Sequence[str], label: str, mint: Mint) -> MakeButton:
    data: Mapping[str, Any] = {
        "recording": step.read.recording.id,
        "customer": step.customer.id,
        "without": [*left_out, name],
    }
    return lambda: Button(mint("call_note", data), label)


def _due(step: ShowCallNote) -> list[tuple[int, CallPromise]]:
    """What we promised by a day that is still to come, with its place among the promises."""
    due = [(place, one) for place, one in promised(step.read, step.speaker) if isinstance(one, CallPromise)]
    return [(place, one) for place, one in due if one.due_at > step.now and f"promise:{place}" not in step.without]


def promised(read: CallRead, speaker: Speaker) -> list[tuple[int, CallPromise | Promise]]:
    """What we promised, as it would be remembered, with its place among the promises; as it was said where no day was named.
    Days count in the zone of `speaker`."""
    found: list[tuple[int, CallPromise | Promise]] = []
    for place, one in enumerate(read.report.promises):
        due = moment(one.due.value, read.recording.created_at, speaker) if one.due else None
        if one.quote.side == "ours":
            text = shortened(one.quote.text, _MOST_WORDS)
            found.append((place, CallPromise(text, due, read.turn_of(one.quote)) if due else one))
    return found


def _signal(one: SignalHeard) -> CallSignal:
    words = one.quote.text[:_MOST_WORDS]
    return CallSignal(one.kind, _second(one.quote), words, one.probability, one.lasts_days, one.may_lift)


def _lifts(step: ShowCallNote) -> tuple[CallLift, ...]:
    over = {one.kind: one for one in step.read.over if f"lift:{one.kind}" not in step.without}
    return tuple(lift_of(one, over[one.kind]) for one in step.standing if one.kind in over)


def lift_of(signal: Signal, over: SignalOver) -> CallLift:
    """What lifts this signal: the words in the call that say it is over, at their second."""
    return CallLift(signal.id, _second(over.quote), over.quote.text[:_MOST_WORDS], over.by_anyone)


def _moment_data(one: CallMoment, voice: Voice) -> dict[str, Any]:
    words = shortened(one.words, _QUOTE[voice.lang])
    return {"at": recording_second(one.second), "what": one.intent, "words": words}


def _second(quote: Sentence) -> Decimal:
    return Decimal(int(quote.start))


def _in(voice: Voice) -> Speaker:
    """Somebody in this zone: days that are named count there."""
    return Speaker(None, "rep", "", zone=voice.zone)
