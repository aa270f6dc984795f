"""A reply as plain text, for places that show neither cards nor markdown. Pure."""

from bot.channels.tencent.cut import inert
from bot.channels.tencent.words import COLON, SOURCE, Lang
from bot.message import Button, Card, Reply


def plain(reply: Reply) -> str:
    """The text, or the card written out; without the buttons."""
    if reply.card is None:
        return inert(reply.text).strip()
    return card_text(reply.card, reply.lang)


def card_text(card: Card, lang: Lang) -> str:
    parts = [card.title, *card.lines, *(f"{label}{COLON[lang]}{value}" for label, value in card.facts)]
    if card.quote:
        parts.append(f"“{card.quote}”")
    if card.source:
        parts.append(SOURCE[lang] + card.source)
    if card.note:
        parts.append(card.note)
    return inert("\n".join(part.strip() for part in parts if part.strip()))


def numbered(buttons: tuple[Button, ...]) -> str:
    """The labels as a numbered list, in the order in which a number chooses them."""
    return "\n".join(f"{number}. {inert(button.label)}" for number, button in enumerate(buttons, 1))
