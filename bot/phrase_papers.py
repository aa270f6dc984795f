"""Station phrase, for papers: what was prepared, how it looks, how it can be changed, and what a customer is sent."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions.commands.papers import PRICED, DiscardPaper, MarkPaperSent, paper_data
from actions.papers.sheet import sheet_from_json
from actions.proposal import Outcome
from bot.message import Button, Card, File, Picture, Reply
from bot.steps import ShowPaper
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, to_do, with_buttons
from bot.wording.sentences import has


def phrase_prepared(outcome: Outcome, reader: str, voice: Voice, mint: Mint) -> Phrased:
    """A paper that is ready: what it comes to, its first page, its files; to be looked at, changed, sent or put away."""
    told = outcome.data
    lines = voice.say(_ready(told), told).split("\n")
    card = Card(lines[0], tuple(lines[1:]), note=voice.say("paper.before_sending"))
    reply = with_buttons(card, voice, _steps(told, voice, mint), mint)
    return Phrased(_with_paper(reply, told, voice, reader, pages=1), why=outcome.proposal.basis)


def phrase_released(outcome: Outcome, reader: str, voice: Voice, mint: Mint) -> Phrased:
    """A paper that nobody can be sent from here: the files, for whoever sends them by hand."""
    told = outcome.data
    lines = voice.say("paper.by_hand" if told.get("to") else "paper.by_hand_plain", told).split("\n")
    deal = told.get("paper_deal")
    buttons: list[MakeButton] = [to_do(MarkPaperSent(told["paper"], deal), voice, mint)]
    buttons.append(to_do(DiscardPaper(told["paper"], deal), voice, mint))
    reply = with_buttons(Card(lines[0], tuple(lines[1:])), voice, buttons, mint)
    return Phrased(_with_paper(reply, told, voice, reader), why=outcome.proposal.basis)


def phrase_paper(step: ShowPaper, reader: str, voice: Voice, mint: Mint) -> Phrased:
    """The whole paper, page by page; or what can be said to change it."""
    paper = step.paper
    told = paper_data(paper, sheet_from_json(json.loads(paper.content)), step.facts)
    if step.asks_what:
        key = "paper.change_priced" if paper.kind in PRICED else "paper.change"
        return Phrased(Reply(voice.say(key), voice.lang))
    lines = voice.say("paper.shown", told).split("\n")
    is_open = paper.state in ("draft", "approved")
    buttons = _steps(told, voice, mint)[1:] if is_open else []
    reply = with_buttons(Card(lines[0], tuple(lines[1:])), voice, buttons, mint)
    return Phrased(_with_paper(reply, told, voice, reader))


def with_sent_paper(reply: Reply, data: Mapping[str, Any], voice: Voice) -> Reply:
    """What a customer gets: the pages to read at once, and the PDF where their channel can open it."""
    shown = _with_paper(reply, data, voice, str(data["reader"]))
    return replace(shown, files=tuple(file for file in shown.files if file.path.endswith(".pdf")))


def with_whole_paper(reply: Reply, data: Mapping[str, Any], voice: Voice, reader: str) -> Reply:
    """A card about a paper with all of the paper below it."""
    return _with_paper(reply, data, voice, reader)


def _steps(told: Mapping[str, Any], voice: Voice, mint: Mint) -> list[MakeButton]:
    about = {"paper": told["paper"]}
    bound = {**about, "digest": told["paper_digest"]}
    return [
        lambda: Button(mint("look", about), voice.say("button.look")),
        lambda: Button(
            mint("send_paper", bound), voice.say("button.send" if told["has_customer"] else "button.send_myself")
        ),
        lambda: Button(mint("change", about), voice.say("button.change")),
        to_do(DiscardPaper(told["paper"], told.get("paper_deal")), voice, mint),
    ]


def _ready(told: Mapping[str, Any]) -> str:
    """The sentence that this kind of paper is ready, where it has one of its own."""
    kind = f"done.prepare_paper_{told['paper_kind']}"
    return kind if has(kind) else "done.prepare_paper"


def _with_paper(reply: Reply, told: Mapping[str, Any], voice: Voice, reader: str, pages: int | None = None) -> Reply:
    count = len(told["pictures"])
    pictures = tuple(
        Picture(path, voice.say("paper.alt", {"document": told["document"], "at": at, "of": count}))
        for at, path in enumerate(told["pictures"][:pages], start=1)
    )
    files = tuple(
        File(f"{told['file_name']}.{path.rpartition('.')[2]}", path, told["paper"], reader) for path in told["files"]
    )
    return replace(reply, pictures=pictures, files=files)
