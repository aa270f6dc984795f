"""Every objection, buying signal and deal status has its conversation in both languages, up to the record that changed."""

from pathlib import Path

import pytest

from bot.settings import load_settings
from intents.dictionary import load_dictionary
from intents.language import language_of
from tests.stories.story import Act, Holds, New, Story, read_stories

PRESSED = ("objection", "buying")
"""What a customer says leads to a step that is offered; a status is done when it is told."""


def test_no_intent_is_without_its_conversation() -> None:
    stories = read_stories(Path(__file__).parent)
    told = {mark for story in stories for mark in _told(story)}
    wanted = {(intent, lang) for intent in _intents() for lang in ("zh", "en")}
    assert wanted - told == set()
    assert len(wanted) >= 2 * 25


@pytest.mark.parametrize(
    ("turns", "is_told"),
    [
        ((Act("E01", None, None, "客户嫌贵", reads="objection.price"),), False),
        ((Act("E01", None, None, "客户嫌贵", reads="objection.price"), New("reminder", 1, {"state": "waiting"})), False),
        (
            (
                Act("E01", None, None, "客户嫌贵", reads="objection.price"),
                Act("E01", None, "presses", "提醒我"),
                New("reminder", 1, {"state": "waiting"}),
            ),
            True,
        ),
    ],
)
def test_a_conversation_counts_once_a_step_was_pressed_and_the_record_looked_at(
    turns: tuple[Act | New, ...], is_told: bool
) -> None:
    assert (("objection.price", "zh") in _told(Story("样例", "file", turns))) is is_told


def _intents() -> list[str]:
    names = load_dictionary(load_settings(None).dictionary).intents
    return [name for name in names if name.partition(".")[0] in (*PRESSED, "status")]


def _told(story: Story) -> set[tuple[str, str]]:
    """The intents that a colleague's words were read as, each with the language of the words, where it came to a record."""
    found: set[tuple[str, str]] = set()
    for place, turn in enumerate(story.turns):
        if not isinstance(turn, Act) or turn.reads is None or not turn.who.startswith("E"):
            continue
        rest = story.turns[place + 1 :]
        looks = [
            at for at, later in enumerate(rest) if isinstance(later, Holds) or (isinstance(later, New) and later.values)
        ]
        presses = [at for at, later in enumerate(rest) if isinstance(later, Act) and later.who == turn.who and later.verb]
        needs_press = turn.reads.startswith(PRESSED)
        if looks and (not needs_press or any(press < look for press in presses for look in looks)):
            found.add((turn.reads, language_of(turn.what)))
    return found
