"""The shape of a reply: buttons minted in the order shown, and a text that stands alone without its card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actions.commands.roster import command_to_json
from actions.proposal import Basis, Command, Option
from bot.message import Button, Card, Link, Reply
from bot.wording.deeds import command_label
from bot.wording.fill import Voice
from bot.wording.sentences import has
from retrieval.passage import Passage


@dataclass(frozen=True)
class Phrased:
    """A reply, the text behind its "more" button, what "why?" would show, and which words of which passages it cites.

    `later` are the buttons that come with "more": each its `action`, `data` and `label`.
    """

    reply: Reply
    more: str | None = None
    why: Basis | None = None
    cited: tuple[tuple[Passage, str], ...] = ()
    later: tuple[Mapping[str, Any], ...] = ()


Mint = Callable[[str, Mapping[str, Any]], str]
"""Makes the token of a button from its action and data."""
MakeButton = Callable[[], Button]
"""A button not yet minted: whoever lays out the card decides which ones there is room for."""

MOST_BUTTONS = 4
MOST_OPTIONS = 5  # a question may offer one more: leaving one out could leave out the answer


def to_do(command: Command, voice: Voice, mint: Mint) -> MakeButton:
    return lambda: Button(mint("do", {"command": command_to_json(command)}), command_label(command, voice))


def to_say(text: str, mint: Mint) -> MakeButton:
    return lambda: Button(mint("say", {"text": text}), text)


def to_read_as(intent: str, voice: Voice, mint: Mint) -> MakeButton:
    label = voice.intent(intent)
    return lambda: Button(mint("read_as", {"intent": intent}), label[:1].upper() + label[1:])


def to_fill(slot: str, option: Option, voice: Voice, mint: Mint) -> MakeButton:
    key = f"option.{slot}.{option.label}"
    label = voice.say("option.date", {"at": option.value}) if slot == "date" else option.label
    label = voice.say(key) if has(key) else label
    return lambda: Button(mint("fill", {"slot": slot, "value": option.value, "label": label}), label)


def with_buttons(card: Card, voice: Voice, make: Sequence[MakeButton], mint: Mint, *, has_more: bool = False) -> Reply:
    """The card with its next steps, the first of several standing out, "more" last; text alone where it has no shape."""
    room = MOST_BUTTONS - 1 if has_more else MOST_BUTTONS
    buttons = [button() for button in make[:room]]
    if len(buttons) > 1:
        buttons[0] = replace(buttons[0], style="primary")
    if has_more:
        buttons.append(Button(mint("more", {}), voice.say("button.more")))
    return reply_of(replace(card, buttons=tuple(buttons)), voice)


def with_options(card: Card, voice: Voice, make: Sequence[MakeButton]) -> Reply:
    """The card of a question with its possible answers, none of them standing out."""
    return reply_of(replace(card, buttons=tuple(button() for button in make[:MOST_OPTIONS])), voice)


def with_links(phrased: Phrased, links: tuple[Link, ...]) -> Phrased:
    """The same, with pages that go along."""
    return replace(phrased, reply=replace(phrased.reply, links=links))


def reply_of(card: Card, voice: Voice) -> Reply:
    """A reply whose text says everything that its card shows, so that it stands alone where no card can be shown."""
    colon = "：" if voice.lang == "zh" else ": "
    parts = [
        card.title,
        *card.lines,
        *(f"{label}{colon}{value}" for label, value in card.facts),
        card.quote,
        f"—— {card.source}" if card.source and voice.lang == "zh" else f"— {card.source}" if card.source else None,
        card.note,
    ]
    has_shape = bool(card.buttons or card.facts or card.quote or card.view_of)
    return Reply("\n".join(part for part in parts if part), voice.lang, card if has_shape else None)


def card_of(text: str) -> Card:
    title, *lines = text.split("\n")
    return Card(title, tuple(lines))
