"""Station phrase, for company documents: a procedure step by step, what a document said before, a word on an answer."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from actions.commands.knowledge import TakeInDocument
from actions.proposal import Answer, Basis
from bot.message import Button, Card, Picture, Reply
from bot.wording.changes import shortened
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, reply_of, to_do, to_say, with_buttons
from bot.wording.quotes import quote, source, unmarked
from retrieval.passage import Passage
from retrieval.sentences import sentences
from retrieval.steps import steps_of

_MOST_CHANGES = 2
_MOST_PICTURES = 2
_NUMBER = re.compile(r"^(\d{1,3})[.)、]", re.MULTILINE)
_LINE = {"zh": 50, "en": 100}
"""Characters of a line on a card."""
_FEWEST_STEPS = 2
"""Of a procedure that is worth walking through."""


def phrase_step(passage: Passage, number: int, voice: Voice, mint: Mint) -> Phrased:
    """One step of a procedure, counted from 1: what is done, by whom, after what, by when; and the way on."""
    steps = list(steps_of(passage.text))
    at = min(max(number, 1), len(steps))
    step = steps[at - 1]
    told = {"owner": step.owner, "needs": step.needs, "within": step.within}
    facts = tuple((voice.say(f"step.{name}"), value) for name, value in told.items() if value)
    card = Card(
        voice.say("step.title", {"section": passage.section, "at": at, "of": len(steps)}),
        (step.text,),
        facts=facts,
        source=source(passage, voice),
    )
    buttons: list[MakeButton] = []
    for label, there in (("next", at + 1), ("back", at - 1)):
        if 1 <= there <= len(steps):
            buttons.append(_walk(f"button.{label}", passage, there, voice, mint))
    basis = Basis(text=step.text, passages=(passage,))
    reply = replace(with_buttons(card, voice, buttons, mint), pictures=pictures_with(passage, f"{step.number}."))
    return Phrased(reply, why=basis, cited=((passage, step.text),))


def pictures_with(passage: Passage, quoted: str) -> tuple[Picture, ...]:
    """The pictures that belong to the words quoted: to no step, or to one whose number is among them."""
    numbers = {int(found) for found in _NUMBER.findall(quoted)}
    shown = [one for one in passage.pictures if one.step is None or one.step in numbers]
    return tuple(Picture(one.path, one.alt) for one in shown[:_MOST_PICTURES])


def phrase_versions(said: Sequence[Passage], voice: Voice, mint: Mint) -> Phrased:
    """Since when a passage says what it says, who answers for it, and what its document said before."""
    now, *before = said
    told = {"title": now.title, "version": now.version, "date": now.date, "owner": now.owner, "by": now.by}
    dated = replace(voice, now=None)
    lines = dated.say("versions.now", told).split("\n")
    if not now.by:
        lines.append(voice.say("versions.by_nobody"))
    if not before:
        card = Card(lines[0], (*lines[1:], voice.say("versions.first")))
        return Phrased(Reply(reply_of(card, voice).text, voice.lang), why=Basis(passages=(now,)))
    last = before[0]
    changes = _changes(unmarked(last), unmarked(now))
    lines += [
        voice.say(f"versions.{kind}", {"words": shortened(words, _LINE[voice.lang])})
        for kind, words in changes[: 2 * _MOST_CHANGES]
    ]
    if not changes:
        lines.append(voice.say("versions.same"))
    card = Card(lines[0], tuple(lines[1:]), quote=quote(last, voice)[0], source=source(last, voice))
    further = [f"{source(one, voice)}\n{unmarked(one)}" for one in (last, *before[1:])]
    reply = with_buttons(card, voice, [], mint, has_more=True)
    return Phrased(reply, "\n\n".join(further), Basis(passages=(now,)), cited=((last, quote(last, voice)[0]),))


def written_card(
    answer: Answer, written: Sequence[Mapping[str, Any]], voice: Voice
) -> tuple[Card, str, tuple[tuple[Passage, str], ...]]:
    """Sentences that a model wrote and a checker let pass, each with the numbers of what it rests on; the passages
    themselves behind "more"; and which words cite which passage."""
    cited = answer.passages[: int(answer.data["cited"])]
    lines = tuple(one["text"] + "".join(f"[{number}]" for number in one["rests_on"]) for one in written)
    sources = "\n".join(f"[{number}] {source(one, voice)}" for number, one in enumerate(cited, start=1))
    whole = "\n\n".join(f"{source(one, voice)}\n{unmarked(one)}" for one in answer.passages)
    words = tuple((cited[number - 1], one["text"]) for one in written for number in one["rests_on"])
    return Card(voice.say("answer.written"), lines, source=sources), whole, words


def phrase_document(command: TakeInDocument, voice: Voice, mint: Mint) -> Phrased:
    """A file that can become part of the company's documents: what was read in it, and who shall be answered from it."""
    told = {"document": command.title, "passages": command.passages, "replaces": command.replaces}
    title, *lines = voice.say("document.kept", told).split("\n")
    choices = [command]
    if "customer" not in command.audience:
        choices.append(replace(command, audience=tuple(sorted({*command.audience, "customer"}))))
    buttons = [to_do(one, voice, mint) for one in choices]
    return Phrased(with_buttons(Card(title, tuple(lines)), voice, buttons, mint))


def phrase_judged(voice: Voice, mint: Mint, *, is_helpful: bool, is_staff: bool) -> Phrased:
    """Thanks for a word on an answer; a customer whom it did not help can have a person at once."""
    if is_helpful or is_staff:
        return Phrased(Reply(voice.say("plain.judged_helpful" if is_helpful else "plain.judged_unhelpful"), voice.lang))
    title, *lines = voice.say("plain.judged_unhelpful_customer").split("\n")
    return Phrased(with_buttons(Card(title, tuple(lines)), voice, [to_say(voice.say("say.human"), mint)], mint))


def on_an_answer(answer: Answer, voice: Voice, mint: Mint, *, is_staff: bool) -> list[MakeButton]:
    """The buttons under a cited answer: go through its steps, say whether it helped, for a customer a person."""
    passage = answer.passages[0]
    buttons: list[MakeButton] = []
    if len(list(steps_of(passage.text))) >= _FEWEST_STEPS:
        buttons.append(_walk("button.walk", passage, 1, voice, mint))
    question = str(answer.data.get("question", ""))
    helpful = _judge("button.helpful", passage, question, voice, mint, is_helpful=True)
    unhelpful = _judge("button.unhelpful", passage, question, voice, mint, is_helpful=False)
    if is_staff:
        return [*buttons, helpful, unhelpful]
    return [*buttons, unhelpful, to_say(voice.say("say.human"), mint), helpful]


def _walk(label: str, passage: Passage, number: int, voice: Voice, mint: Mint) -> MakeButton:
    return lambda: Button(mint("walk", {"passage": passage.id, "number": number}), voice.say(label))


def _judge(label: str, passage: Passage, question: str, voice: Voice, mint: Mint, *, is_helpful: bool) -> MakeButton:
    about = {"passage": passage.id, "question": question, "is_helpful": is_helpful}
    return lambda: Button(mint("judge", about), voice.say(label))


def _changes(before: str, now: str) -> list[tuple[str, str]]:
    """The sentences and steps that went and those that came, in order, as ("was", …) and ("is", …)."""
    old, new = (list(_pieces(text)) for text in (before, now))
    found = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            found += [("was", " ".join(old[a:b]))] * (a < b) + [("is", " ".join(new[c:d]))] * (c < d)
    return found


def _pieces(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        if _NUMBER.match(line):
            yield line
        else:
            yield from sentences(line)
