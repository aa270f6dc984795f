"""Station phrase: what was asked, answered, decided or done becomes a Reply in the reader's language; sends nothing.

The sentences stand in `bot/wording/zh.yaml` and `en.yaml`. A reply fits a phone: at most about five short lines and four
buttons; what is left over comes back as `more`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from actions.batches import rest_of
from actions.commands.corrections import CorrectCall
from actions.commands.papers import PreparePaper, SendPaper
from actions.commands.recordings import CancelRecording, ListenAgain, NotWithCustomer, RecordBasis, TakeRecording
from actions.commands.roster import command_to_json
from actions.commands.service import TellOwner
from actions.crm.records import Speaker
from actions.decide import answered, stopped_by
from actions.proposal import Answer, Ask, Basis, Decision, Notify, Outcome, Proposal, Reason, Redraw
from actions.propose import basis_of
from actions.signing import ITEM
from actions.situation import Situation
from bot.message import Button, Card, Reply
from bot.phrase_corrections import another_correction
from bot.phrase_dispatch import dispatch_notice, on_a_dispatch
from bot.phrase_knowledge import on_an_answer, phrase_document, pictures_with, written_card
from bot.phrase_meetings import can_be_changed, in_ones_language, with_invitation
from bot.phrase_papers import phrase_prepared, phrase_released, with_sent_paper, with_whole_paper
from bot.phrase_plays import ranking_lines, with_steps
from bot.phrase_recordings import phrase_not_with_customer, phrase_queued, phrase_stopped, phrase_taken
from bot.phrase_reviews import on_a_review, review_notice, to_have_signed
from bot.phrase_stops import on_a_stop, rulings, says_why, stop_lines, stop_notice, ways_on
from bot.standing import Standing
from bot.steps import Help, OfferDocument
from bot.wording.asking import asked_deed, changed_by, everyone_asked, finality, hours, progress, stood_in
from bot.wording.changes import change_lines, changed_field, notified, shortened
from bot.wording.deeds import deed_data, deed_name, done_key, title_of
from bot.wording.fill import Voice
from bot.wording.grounds import NOTHING_KEPT, Kept, approvers, numbers, place_in
from bot.wording.layout import (
    MOST_BUTTONS,
    MakeButton,
    Mint,
    Phrased,
    card_of,
    reply_of,
    to_do,
    to_fill,
    to_read_as,
    to_say,
    with_buttons,
    with_options,
)
from bot.wording.quotes import answering, quote, source
from bot.wording.reviews import clause_line
from bot.wording.sentences import Language, has
from intents.dictionary import OUT_OF_SCOPE
from retrieval.passage import Passage

MOST_ROWS = 4
ROW_LIMIT = {"zh": 80, "en": 150}  # characters of one line of a list
WORDS_LIMIT = 80  # characters of a person's own words on a card
NEW = Standing()
"""A question that nobody has answered yet."""
WORTH_TELLING = 0.005  # a runner-up less likely than this would be told as 0%
BASIS_LIMIT = {"zh": 120, "en": 200}  # characters of one line of "why?"
CARD_QUOTE = {"zh": 70, "en": 140}  # characters of the passage on a card that already says much


# what customers feel and want; a second order is rather a part of the first ("new lead, 139…" gives a phone, changes none)
_WORTH_FOLDING_IN = ("objection.", "buying.", "status.", "service.", "crm.set_reminder")


# --- answers, questions --------------------------------------------------------------------------------------------------


def phrase_answer(answer: Answer, situation: Situation, mint: Mint) -> Phrased:
    """Tell an answer: its sentences, its list, its passage, and the next steps as buttons."""
    voice = _voice_of(situation)
    lines = _lines(voice, f"answer.{answer.topic}", _told(answer, voice))
    if answer.subject is not None and answer.subject.title not in "\n".join(lines):
        lines.insert(0, answer.subject.title)
    shown, rest = _rows(answer, voice)
    quoted, quote_source, whole = _passage(answer, voice)
    more = "\n".join([*rest, *whole]) or None
    buttons = [
        *(to_do(command, voice, mint) for command in answer.offers[: MOST_BUTTONS - 1]),
        *(to_say(voice.say(f"say.{key}", answer.data), mint) for key in answer.says),
    ]
    if answer.topic == "passage":
        buttons = on_an_answer(answer, voice, mint, is_staff=situation.speaker.is_staff)
    note = voice.say(f"answer.{answer.topic}_note") if has(f"answer.{answer.topic}_note") else None
    card = Card(lines[0], (*lines[1:], *shown), quote=quoted, source=quote_source, note=note)
    if answer.steps:
        cited_words = ((answer.passages[0], quoted),) if quoted else ()
        return with_steps(Phrased(reply_of(card, voice), more, basis_of(situation), cited_words), card, answer, voice, mint)
    cited: tuple[tuple[Passage, str], ...] = ((answer.passages[0], quoted),) if quoted else ()
    if written := answer.data.get("written"):
        card, more, cited = written_card(answer, written, voice)
    reply = with_buttons(card, voice, buttons, mint, has_more=more is not None)
    if answer.topic == "passage" and quoted:
        reply = replace(reply, pictures=pictures_with(answer.passages[0], quoted))
    return Phrased(reply, more, basis_of(situation), cited)


def phrase_ask(ask: Ask, situation: Situation, mint: Mint) -> Phrased:
    """Ask for what is missing; options become buttons that fill it in."""
    voice = _voice_of(situation)
    lines = _lines(voice, f"ask.{ask.key}", ask.data)
    buttons = [to_fill(ask.slot, option, voice, mint) for option in ask.options]
    return Phrased(with_options(Card(lines[0], tuple(lines[1:])), voice, buttons), why=basis_of(situation))


def phrase_unsure(situation: Situation, mint: Mint) -> Phrased:
    """Offer the two or three likeliest readings, and a way out."""
    voice = _voice_of(situation)
    read = situation.understanding
    readings = dict.fromkeys([read.intent, *(one.intent for one in read.alternatives)])
    likely = [intent for intent in readings if intent != OUT_OF_SCOPE][:3]  # that is what "none of these" says
    help_text, none = voice.say("say.help"), voice.say("button.none")
    buttons = [to_read_as(intent, voice, mint) for intent in likely]
    buttons.append(lambda: Button(mint("say", {"text": help_text}), none))
    return Phrased(with_options(Card(voice.say("unsure")), voice, buttons), why=basis_of(situation))


def phrase_also(phrased: Phrased, situation: Situation, mint: Mint) -> Phrased:
    """Fold in the strongest further intent: one line, and a button that takes it up."""
    heard = (one.intent for one in situation.understanding.also if one.intent != situation.intent)
    also = next((intent for intent in heard if intent.startswith(_WORTH_FOLDING_IN)), None)
    reply = phrased.reply
    if also is None:
        return phrased
    voice = _voice_of(situation)
    line = voice.say("also", {"intent": also})
    card = reply.card or card_of(reply.text)
    buttons = card.buttons
    # next steps leave room for one more, so that what was also heard is never without its button
    most = MOST_BUTTONS + 2 if phrased.why is not None and phrased.why.ranked else MOST_BUTTONS
    if len(buttons) < most:
        buttons = (*buttons, to_read_as(also, voice, mint)())
    card = replace(card, lines=(*card.lines, line), buttons=buttons)
    return replace(phrased, reply=reply_of(card, voice))


# --- outcomes --------------------------------------------------------------------------------------------------------------


def phrase_outcome(outcome: Outcome, viewer: Speaker, lang: Language, mint: Mint) -> Phrased:
    """Tell what became of a proposal to whoever asked for it, or to whoever decided."""
    voice = Voice(lang, viewer.zone)
    if outcome.kind == "already" and outcome.data.get("state") == "withdrawn":
        outcome = replace(outcome, kind="withdrawn")
    match outcome.kind:
        case "done":
            return _done(outcome, viewer, voice, mint)
        case "waiting":
            return phrase_waiting(outcome.proposal, outcome.decision, viewer, lang, mint)
        case "refused":
            return _refused(outcome, voice, mint)
        case "stale":
            return _stale(outcome, voice, mint)
        case "impossible":
            return _impossible(outcome, voice, mint)
        case "rejected" | "expired" | "withdrawn":
            told = {
                "deed": asked_deed(outcome.proposal, voice),
                "title": title_of(outcome.proposal, voice),
                "by": _decider(outcome, voice),
                "because": _because(outcome),
            }
            return _plain(voice, f"outcome.{_ended(outcome)}", told, outcome.proposal.basis)
        case _:
            return _plain(voice, f"outcome.{outcome.kind}", {}, outcome.proposal.basis)


def phrase_confirmation(
    proposal: Proposal,
    decision: Decision,
    viewer: Speaker,
    lang: Language,
    mint: Mint,
    standing: Standing = NEW,
) -> Phrased:
    """The card for whoever may confirm: what exactly will change, who has said yes, and everything it rests on."""
    voice = Voice(lang, viewer.zone)
    basis = proposal.basis
    quoted, quote_source = None, None
    if basis.passages:
        quoted = quote(basis.passages[0], voice, CARD_QUOTE[lang])[0]
        quote_source = source(basis.passages[0], voice)
    told = (
        title_of(proposal, voice),
        *progress(standing, voice),
        *change_lines(proposal.plan, voice),
        *changed_by(standing.edited, standing.names, proposal.plan, voice),
        *notified(proposal.plan, voice),
        *finality(proposal, voice),
    )
    card = Card(
        title=voice.say("card.confirmation", {"deed": asked_deed(proposal, voice)}),
        lines=tuple(filter(None, told)),
        facts=tuple(_card_facts(proposal, decision, standing, voice)),
        quote=quoted,
        source=quote_source,
        view_of=f"proposal:{proposal.id}",
    )
    bound = {"proposal": proposal.id, "digest": proposal.digest}
    stopped = _still_stopping(decision, standing)
    mine = set(answered(proposal, decision, viewer))
    if stopped and (not mine or any(reason.rule in mine for reason in stopped)):
        can_lift = any(reason.data.get("signal") for reason in stopped)
        make = rulings(str(stopped[0].data["firing"]), voice, mint, can_lift=can_lift)
        make.append(lambda: Button(mint("why", {}), voice.say("button.why")))
        reply = with_options(card, voice, make)
    else:
        card = replace(
            card,
            buttons=(
                Button(mint("confirm", bound), voice.say("button.confirm"), "primary"),
                Button(mint("reject", bound), voice.say("button.reject"), "danger"),
                *([Button(mint("edit", bound), voice.say("button.edit"))] if standing.can_edit else ()),
                Button(mint("why", {}), voice.say("button.why")),
            ),
        )
        reply = reply_of(card, voice)
    cited = ((basis.passages[0], quoted),) if quoted else ()
    if isinstance(proposal.command, SendPaper):  # nobody says yes to what they have not seen
        reply = with_whole_paper(reply, proposal.plan.data, voice, viewer.person_id or "")
    return Phrased(reply, why=basis, cited=cited)


def phrase_settled(proposal: Proposal, outcome: Outcome, lang: Language) -> Phrased:
    """The same card once it is settled: what became of it and by whom, without buttons."""
    voice = Voice(lang, proposal.requester.zone)
    told = {"deed": asked_deed(proposal, voice), "title": title_of(proposal, voice), "by": _decider(outcome, voice)}
    told["because"] = _because(outcome)
    key = "confirmed" if outcome.kind in ("done", "already") else _ended(outcome)
    lines = _lines(voice, f"outcome.{key}", told)
    if outcome.kind == "stale" and outcome.data.get("stopped"):
        lines = (
            _stopped_since(outcome, voice) if proposal.requester.is_staff else _lines(voice, "outcome.stopped_since", told)
        )
    if outcome.kind == "stale" and outcome.data.get("severer"):
        lines = _severer_since(outcome, voice)
    if key == "confirmed" and proposal.command.name == "undo":
        lines = _lines(voice, "outcome.undone", {**told, "deed": deed_name(proposal, voice), "by": None})
    if key == "confirmed":
        lines += change_lines(outcome.proposal.plan, voice)
        lines += [line for line in [voice.say("outcome.confirmed_by", told)] if line]
    at = voice.say("outcome.settled_at", {"at": outcome.data.get("decided_at")})
    card = Card(lines[0], tuple(lines[1:]), note=at or None, view_of=f"proposal:{proposal.id}")
    return Phrased(reply_of(card, voice), why=proposal.basis)


def _done(outcome: Outcome, viewer: Speaker, voice: Voice, mint: Mint) -> Phrased:
    proposal = outcome.proposal
    told = deed_data(proposal, voice)
    if proposal.command.name == "undo":
        by = _decider(outcome, voice) if outcome.decided_by != viewer.person_id else None
        return _plain(voice, "outcome.undone", {**told, "deed": deed_name(proposal, voice), "by": by}, proposal.basis)
    if isinstance(proposal.command, TellOwner) and not viewer.is_staff:
        return _passed_on(proposal, proposal.command, voice, mint)
    if isinstance(proposal.command, PreparePaper):
        return phrase_prepared(outcome, viewer.person_id or "", voice, mint)
    if isinstance(proposal.command, TakeRecording):
        return phrase_taken(outcome, voice, mint)
    if isinstance(proposal.command, RecordBasis | ListenAgain):
        return phrase_queued(outcome, voice, mint)
    if isinstance(proposal.command, NotWithCustomer):
        return phrase_not_with_customer(outcome, voice, mint)
    if isinstance(proposal.command, CancelRecording):
        return phrase_stopped(outcome, voice, mint)
    if outcome.data.get("by_hand"):
        return phrase_released(outcome, viewer.person_id or "", voice, mint)
    lines = _lines(voice, done_key(proposal, is_customer=not viewer.is_staff), told)
    by = _decider(outcome, voice)
    if by and outcome.decided_by != viewer.person_id:
        lines.append(voice.say("outcome.confirmed_by", {"by": by}))
    if viewer.is_staff:
        lines += finality(proposal, voice)
    buttons: list[MakeButton] = [to_do(command, voice, mint) for command in proposal.plan.offers]
    buttons += can_be_changed(proposal.plan.data, ("move",), voice, mint)
    if proposal.plan.inverse is not None and outcome.deed is not None:
        buttons.append(lambda: Button(mint("undo", {"deed": outcome.deed}), voice.say("button.undo")))
    if isinstance(proposal.command, CorrectCall):
        buttons.append(another_correction(proposal.command.recording_id, voice, mint))
    reply = with_buttons(Card(lines[0], tuple(lines[1:])), voice, buttons, mint)
    return Phrased(with_invitation(reply, proposal.plan.data), why=proposal.basis)


def _passed_on(proposal: Proposal, command: TellOwner, voice: Voice, mint: Mint) -> Phrased:
    """The answer to a customer whose words have reached their owner, with what they may read about it."""
    key = f"customer.{command.intent}"
    lines = _lines(voice, key if has(key) else "customer.other", {})
    quoted, quote_source, more = None, None, None
    readable = next((one for one in proposal.basis.passages if "customer" in one.audience), None)
    if readable is not None and has(key):
        quoted, more = quote(readable, voice)
        quote_source = source(readable, voice)
    human = voice.say("say.human")
    card = Card(lines[0], tuple(lines[1:]), quote=quoted, source=quote_source)
    buttons: list[MakeButton] = [to_say(human, mint)]
    reply = with_buttons(card, voice, buttons, mint, has_more=more is not None)
    return Phrased(reply, more, proposal.basis, ((readable, quoted),) if readable and quoted else ())


def phrase_waiting(
    proposal: Proposal,
    decision: Decision,
    viewer: Speaker,
    lang: Language,
    mint: Mint,
    standing: Standing = NEW,
    stand_ins: Sequence[Mapping[str, Any]] = (),
) -> Phrased:
    """To whoever asked: that it waits, for whom and how long; how many have said yes; who is asked for one who left."""
    voice = Voice(lang, viewer.zone)
    stopped = _still_stopping(decision, standing) if viewer.is_staff else ()
    key = "outcome.stopped" if stopped else "outcome.waiting"
    lines = _lines(voice, key, {"deed": asked_deed(proposal, voice), "title": title_of(proposal, voice)})
    lines += progress(standing, voice)
    lines += change_lines(proposal.plan, voice)
    lines += changed_by(standing.edited, standing.names, proposal.plan, voice)
    # how the house judges is for colleagues; a customer learns that it waits, for whom and how long
    asking = [_reason(reason, voice) for reason in _stops_first(decision) if reason.verdict == "confirm" and viewer.is_staff]
    card = Card(
        lines[0],
        (*lines[1:], *asking[:2], *stood_in(stand_ins, standing.names, voice), _who(decision, standing, voice)),
        view_of=f"proposal:{proposal.id}",
    )
    bound = {"proposal": proposal.id, "digest": proposal.digest}
    buttons: list[MakeButton] = [
        *(ways_on(proposal, stopped, voice, mint) if stopped else ()),
        lambda: Button(mint("reject", bound), voice.say("button.withdraw")),
        lambda: Button(mint("why", {}), voice.say("button.why")),
    ]
    return Phrased(with_options(card, voice, buttons), why=proposal.basis)  # to withdraw is possible, not advised


def _refused(outcome: Outcome, voice: Voice, mint: Mint) -> Phrased:
    refusals = [reason for reason in outcome.decision.reasons if reason.verdict == "refuse"]
    lines = [_reason(reason, voice) for reason in refusals[:3]]
    if not outcome.data.get("reason"):  # a press that did not count says only why
        lines.insert(0, voice.say("outcome.refused", {"deed": deed_name(outcome.proposal, voice)}))
    stopped = tuple(reason for reason in stopped_by(outcome.decision) if reason.verdict == "refuse")
    rest, buttons = _rest(outcome, voice, mint)
    if stopped:
        buttons += ways_on(outcome.proposal, stopped, voice, mint)
    buttons += to_have_signed(outcome.proposal, refusals, voice, mint)
    buttons.append(lambda: Button(mint("why", {}), voice.say("button.why")))
    card = Card(lines[0], (*lines[1:], *rest))
    return Phrased(with_buttons(card, voice, buttons, mint), why=outcome.proposal.basis)


def _rest(outcome: Outcome, voice: Voice, mint: Mint) -> tuple[list[str], list[MakeButton]]:
    """Of a command over many records, which stood in the way, and the offer to do it for the others."""
    refusals = {reason.rule for reason in outcome.decision.reasons if reason.verdict == "refuse"}
    rest = rest_of(outcome.proposal) if refusals <= {"ownership", "problem"} else None
    if rest is None:
        return [], []
    titles = voice.join(list(rest.titles[:MOST_ROWS])) + ("…" if len(rest.titles) > MOST_ROWS else "")
    command = command_to_json(rest.command)
    return [voice.say("outcome.in_the_way", {"titles": titles})], [
        lambda: Button(mint("do", {"command": command}), voice.say("button.rest", {"count": rest.count}))
    ]


def _stale(outcome: Outcome, voice: Voice, mint: Mint) -> Phrased:
    proposal = outcome.proposal
    if outcome.data.get("stopped"):
        lines = _stopped_since(outcome, voice)
        return Phrased(reply_of(Card(lines[0], tuple(lines[1:])), voice), why=proposal.basis)
    if outcome.data.get("severer"):
        lines = _severer_since(outcome, voice)
        return Phrased(reply_of(Card(lines[0], tuple(lines[1:])), voice), why=proposal.basis)
    if proposal.command.name == "undo":
        return _plain(voice, "problem.moved_on", {}, proposal.basis)
    if proposal.plan.problem is not None:
        return _impossible(outcome, voice, mint)
    lines = [voice.say("outcome.stale", {"title": title_of(proposal, voice)}), voice.say("outcome.stale_now")]
    card = Card(lines[0], (*lines[1:], *change_lines(proposal.plan, voice)))
    return Phrased(with_buttons(card, voice, [to_do(proposal.command, voice, mint)], mint), why=proposal.basis)


def _severer_since(outcome: Outcome, voice: Voice) -> list[str]:
    """That the rules say more of it today than when it was asked, and what; it is asked anew where it can be."""
    told = {"deed": asked_deed(outcome.proposal, voice), "title": title_of(outcome.proposal, voice)}
    return [
        *_lines(voice, "outcome.severer_since", told),
        *(phrase_reason(Reason(**one), voice) for one in outcome.data["severer"]),
    ]


def _stopped_since(outcome: Outcome, voice: Voice) -> list[str]:
    """That a breaker stands in the way of what was agreed to, and which; it is asked anew where it can be."""
    told = {"deed": asked_deed(outcome.proposal, voice), "title": title_of(outcome.proposal, voice)}
    because = [line for data in outcome.data["stopped"] for line in says_why(data, voice)]
    return [*_lines(voice, "outcome.stopped_since", told), *because]


def _impossible(outcome: Outcome, voice: Voice, mint: Mint) -> Phrased:
    key = f"problem.{outcome.proposal.plan.problem}"
    told = deed_data(outcome.proposal, voice)
    lines = _lines(voice, key if has(key) else "problem.other", told)
    rest, buttons = _rest(outcome, voice, mint)
    buttons += [to_do(command, voice, mint) for command in outcome.proposal.plan.offers]
    if not buttons:
        return _plain(voice, key if has(key) else "problem.other", told, outcome.proposal.basis)
    card = Card(lines[0], (*lines[1:], *rest))
    return Phrased(with_options(card, voice, buttons), why=outcome.proposal.basis)


def _ended(outcome: Outcome) -> str:
    """How it ended; who takes their own request back has not been turned down."""
    is_own = outcome.decided_by is not None and outcome.decided_by == outcome.proposal.requester.person_id
    return "withdrawn" if outcome.kind == "rejected" and is_own else outcome.kind


def _because(outcome: Outcome) -> str | None:
    """Why something that nobody turned down was withdrawn."""
    return "evidence" if outcome.kind == "withdrawn" else None


def _decider(outcome: Outcome, voice: Voice) -> str | None:
    """The name of whoever decided, where the outcome carries it; else how the house files them."""
    names = outcome.data.get("decided_by_name")
    return names[voice.lang] if names else outcome.decided_by


def _card_facts(proposal: Proposal, decision: Decision, standing: Standing, voice: Voice) -> list[tuple[str, str]]:
    basis = proposal.basis
    rules = [_reason(reason, voice) for reason in _stops_first(decision) if reason.verdict == "confirm"]
    sure = f"{basis.confidence:.0%}"
    facts = [
        ("requester", proposal.requester.called(voice.lang)),
        ("rule", "\n".join(rules)),
        ("who", everyone_asked(standing.missing or decision.needs, standing.names, voice)),
        ("until", _until(decision, standing, voice)),
        ("about", voice.join([_fact(name, value, voice) for name, value in basis.facts])),
        ("reading", voice.say("card.reading_value", {"intent": basis.intent, "sure": sure}) if basis.intent else ""),
        ("words", shortened(basis.words, WORDS_LIMIT)),
    ]
    return [(voice.say(f"card.{label}"), value) for label, value in facts if value]


def _until(decision: Decision, standing: Standing, voice: Voice) -> str:
    """How long, or, where it was passed on, until when."""
    if standing.step and standing.until is not None:
        return voice.say("card.until_at", {"at": standing.until})
    return voice.say("card.until_value", {"hours": hours(decision)})


def _who(decision: Decision, standing: Standing, voice: Voice) -> str:
    told = {"who": everyone_asked(standing.missing or decision.needs, standing.names, voice), "hours": hours(decision)}
    return voice.say("outcome.waiting_self" if decision.asks_requester else "outcome.waiting_who", told)


def phrase_reason(reason: Reason, voice: Voice) -> str:
    """A reason with the numbers that it rests on."""
    return _reason(reason, voice) + numbers(reason, voice)


def _reason(reason: Reason, voice: Voice) -> str:
    """Why, in words; for a plan that cannot be carried out, what is in its way."""
    if "breaker" in reason.data:
        return "\n".join(stop_lines(reason, voice))
    problem = f"problem.{reason.data.get('problem')}"
    if reason.rule == "problem" and has(problem):
        return voice.say(problem, reason.data) or voice.say("problem.other")
    return _rule(reason, voice) + _rates(reason, voice)


def _rule(reason: Reason, voice: Voice) -> str:
    """A rule in the words of whoever wrote it, else in the house's own."""
    says = reason.data.get("says")
    if isinstance(says, Mapping) and says.get(voice.lang):
        return str(says[voice.lang])
    key = f"rule.{reason.rule}"
    told = voice.say(key, reason.data) if has(key) else ""
    if not told and has(f"{key}_plain"):
        return voice.say(f"{key}_plain")
    return told or voice.say("rule.other", {"rule": reason.rule})


def _stops_first(decision: Decision) -> list[Reason]:
    """What the customer has shown says more than a threshold does."""
    return sorted(decision.reasons, key=lambda reason: "breaker" not in reason.data)


def _still_stopping(decision: Decision, standing: Standing) -> tuple[Reason, ...]:
    """What breakers stopped and nobody has let go on."""
    still = {rule for need in standing.missing or decision.needs for rule in need.rules}
    return tuple(reason for reason in stopped_by(decision) if reason.rule in still)


def _rates(reason: Reason, voice: Voice) -> str:
    """Of which day the rates are that an amount was converted at, and that they are stale if so."""
    if reason.data.get("rates_day") is None:
        return ""
    return voice.say("reason.rates_stale" if reason.data.get("rates_are_stale") else "reason.rates", reason.data)


def _fact(name: str, value: str, voice: Voice) -> str:
    if name == ITEM:
        return clause_line(json.loads(value), voice)
    if name == "stage":
        value = voice.word("stage", value)
    if name == "amount":
        amount, _, currency = value.partition(" ")
        value = voice.say("basis.money", {"amount": amount, "currency": currency})
    return voice.say("basis.fact", {"field": name, "value": value})


# --- notices, reasons, help, single sentences ----------------------------------------------------------------------------


def phrase_notice(notice: Notify | Redraw, lang: Language, mint: Mint, zone: str) -> Phrased:
    """Tell someone who did not ask: a ticket raised, a customer's words, a promise come due. Offers become buttons."""
    voice = Voice(lang, zone)
    key = f"notice.{notice.topic}"
    lines = _lines(voice, key if has(key) else "notice.other", _notice_data(notice.data, voice))
    buttons: list[MakeButton] = []
    if isinstance(notice, Notify):
        buttons += on_a_stop(notice, voice, mint)
        asks_to_sign = on_a_review(notice, voice, mint)
        buttons += asks_to_sign or [to_do(command, voice, mint) for command in notice.offers]
        if notice.topic == "customer_said" and notice.data.get("intent") == "objection.contract_terms":
            buttons.append(to_say(voice.say("say.submit_approval", notice.data), mint))
        if notice.topic in ("customer_said", "customer_changed", "reminder") and notice.data.get("customer"):
            buttons.append(to_say(voice.say("say.lookup_customer", notice.data), mint))
        buttons += can_be_changed(notice.data, notice.data.get("asks", ()), voice, mint)
    buttons += on_a_dispatch(notice, voice, mint)
    card = Card(lines[0], tuple(lines[1:]), view_of=notice.view_of)
    reply = with_buttons(card, voice, buttons, mint)
    if notice.topic == "paper_sent":
        reply = with_sent_paper(reply, notice.data, voice)
    return Phrased(with_invitation(reply, notice.data))


def _notice_data(data: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    told = stop_notice(data, voice) if "firing" in data else in_ones_language(data, voice)
    if "reasons" in data and "recording" in data:
        told = dispatch_notice(told, voice)
    if "review" in data:
        told = review_notice(told, voice)
    if voice.lang == "en" and told.get("by_en"):
        told["by"] = told["by_en"]
    if isinstance(told.get("text"), str) and "by_en" not in told:  # what a colleague writes arrives whole
        told["text"] = shortened(told["text"], 2 * WORDS_LIMIT)
    if told.get("text") == told.get("subject"):
        told["text"] = None  # a short message is its own subject
    if isinstance(told.get("what"), str):
        told["what"] = shortened(told["what"], WORDS_LIMIT)
    if isinstance(told.get("leads"), Sequence):
        names = [str(lead["company"]) for lead in told["leads"]]
        told["companies"] = voice.join(names[:5]) + ("…" if len(names) > 5 else "")
    if isinstance(told.get("changes"), Sequence):
        told["lines"] = "\n".join(changed_field(one["field"], one["old"], one["new"], voice) for one in told["changes"])
    return told


def phrase_basis(
    basis: Basis, decision: Decision | None, lang: Language, kept: Kept = NOTHING_KEPT, zone: str = Speaker.zone
) -> Phrased:
    """ "Why?": the deciding rule with its numbers first, then the words, the reading, the record, the document, who may say
    yes or has; at most eight lines. `kept` is what the record knows beside."""
    voice = Voice(lang, zone)
    reasons = decision.reasons if decision is not None else ()
    likely = [one for one in basis.alternatives if one.confidence >= WORTH_TELLING]
    told = {
        "text": shortened(basis.words, WORDS_LIMIT),
        **place_in(basis),
        "intent": basis.intent,
        "sure": f"{basis.confidence:.0%}" if basis.intent else None,
        "others": voice.join([f"{voice.intent(one.intent)} {one.confidence:.0%}" for one in likely[:2]]),
        "facts": voice.join([_fact(name, value, voice) for name, value in basis.facts]),
        "at": kept.read_at,
        "source": source(basis.passages[0], voice) if basis.passages else None,
        "rules": phrase_reason(reasons[0], voice) if reasons else None,
        "count": kept.rules or None,
        "policy": decision.policy[:8] if decision else None,
        "model": basis.model[:13],
        "dictionary": basis.dictionary,
        "id": kept.proposal_id,
    }
    further = [_reason(reason, voice) for reason in reasons[1:3]]
    lines = (
        voice.say("basis.rule" if reasons else "basis.free", told),
        voice.say("basis.also", {"rules": voice.then(further)}),
        voice.say("basis.words_in", told) or voice.say("basis.words", told),
        voice.say("basis.reading", told) or voice.say("basis.reading_plain", told),
        voice.say("basis.facts", told) or voice.say("basis.facts_plain", told),
        voice.say("basis.passage", told),
        *(ranking_lines(basis, voice) if decision is None else ()),
        approvers(kept, voice),
        voice.say("basis.policy", told) or voice.say("basis.policy_plain", told) or voice.say("basis.policy_only", told),
    )
    text = "\n".join(shortened(line, BASIS_LIMIT[lang]) for line in lines if line) or voice.say("basis.nothing")
    return Phrased(Reply(text, lang))


def phrase_offer(step: Help | OfferDocument, speaker: Speaker, lang: Language, mint: Mint) -> Phrased:
    """What can be done: with a file that was sent, or at all."""
    if isinstance(step, Help):
        return phrase_help(speaker, lang, mint)
    return phrase_document(step.command, Voice(lang, speaker.zone), mint)


def phrase_help(speaker: Speaker, lang: Language, mint: Mint) -> Phrased:
    """What this person can do, by example; the examples can be pressed."""
    voice = Voice(lang, speaker.zone)
    kind = {"director": "manager", "guest": "customer"}.get(speaker.role, speaker.role)
    kind = kind if has(f"help.{kind}") else "other"
    lines = _lines(voice, f"help.{kind}", {})
    buttons = [to_say(example, mint) for example in voice.say(f"examples.{kind}").split("\n")]
    return Phrased(with_buttons(Card(lines[0], tuple(lines[1:])), voice, buttons, mint))


def phrase_plain(key: str, lang: Language, **data: Any) -> Phrased:
    """A single sentence of the wording, by its key under `plain`. Raises KeyError for a sentence that is not there."""
    return Phrased(Reply(Voice(lang).say(f"plain.{key}", data), lang))


# --- pieces ----------------------------------------------------------------------------------------------------------


def _voice_of(situation: Situation) -> Voice:
    return Voice("en" if situation.lang == "en" else "zh", situation.speaker.zone, situation.now)


def _lines(voice: Voice, key: str, data: Mapping[str, Any]) -> list[str]:
    """The lines of a sentence; where none is left without its values, those of its plain variant."""
    text = voice.say(key, data)
    if not text and has(f"{key}_plain"):
        text = voice.say(f"{key}_plain", data)
    return text.split("\n")


def _told(answer: Answer, voice: Voice) -> Mapping[str, Any]:
    """The answer's data; a draft greets whoever it goes to."""
    if answer.topic != "draft":
        return answer.data
    return {**answer.data, "greeting": _lines(voice, "answer.draft_greeting", answer.data)[0]}


def _rows(answer: Answer, voice: Voice) -> tuple[list[str], list[str]]:
    """The first rows of the list, each on one line, and the rest."""
    limit = ROW_LIMIT[voice.lang]
    rows = [" · ".join(_lines(voice, f"row.{row.get('row', answer.topic)}", row)) for row in answer.rows]
    return [shortened(row, limit) for row in rows[:MOST_ROWS]], rows[MOST_ROWS:]


def _passage(answer: Answer, voice: Voice) -> tuple[str | None, str | None, list[str]]:
    """What is quoted, where it stands, and what is left for "more"."""
    if not answer.passages:
        return None, None, []
    first, *others = answer.passages
    if answer.topic == "passage":
        quoted, whole = answering(first, str(answer.data.get("question", "")), voice)
    else:
        quoted, whole = quote(first, voice)
    further = [f"{source(one, voice)}\n{quote(one, voice)[0]}" for one in others]
    return quoted, source(first, voice), [*([whole] if whole else []), *further]


def _plain(voice: Voice, key: str, told: Mapping[str, Any], basis: Basis) -> Phrased:
    lines = _lines(voice, key, told)
    return Phrased(Reply("\n".join(lines) or voice.say("problem.other"), voice.lang), why=basis)
