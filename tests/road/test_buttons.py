"""Buttons: a press means what its button was made to mean, after a restart too; numbers and words mean the latest card's."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from actions.outside.store import Store
from bot.buttons import Mint, latest, numbered, pressed
from tests.fakes import NOON

HERE = "web:E01"


async def make(store: Store, key: str, *actions: str, conversation: str = HERE, minutes: int = 0) -> list[str]:
    """The tokens of a card's buttons, saved."""
    mint = Mint(key, conversation, NOON + timedelta(minutes=minutes))
    tokens = [mint(action, {"of": key}) for action in actions]
    async with store.write() as tx:
        await mint.save(tx)
    return tokens


# --- pressing -------------------------------------------------------------------------------------------------------------


async def test_a_pressed_button_says_what_it_was_made_for(store: Store) -> None:
    mint = Mint("k1", HERE, NOON)
    token = mint("do", {"command": {"name": "hold_deal", "args": {"deal_id": "D001"}}})
    async with store.write() as tx:
        await mint.save(tx)
    async with store.read() as tx:
        found = await pressed(tx, token)
    assert found is not None
    assert (found.token, found.conversation, found.action) == (token, HERE, "do")
    assert found.data == {"command": {"name": "hold_deal", "args": {"deal_id": "D001"}}}


async def test_a_token_nobody_made_is_no_button(store: Store) -> None:
    async with store.read() as tx:
        assert await pressed(tx, "made-up") is None
        assert await pressed(tx, "") is None


async def test_a_card_made_twice_has_the_same_buttons_and_keeps_the_first(store: Store) -> None:
    first = await make(store, "k1", "do", "why")
    again = Mint("k1", HERE, NOON + timedelta(hours=1))
    assert [again("do", {"of": "changed"}), again("why", {})] == first
    async with store.write() as tx:
        await again.save(tx)
    async with store.read() as tx:
        found = await pressed(tx, first[0])
    assert found is not None and found.data == {"of": "k1"}


async def test_a_card_without_buttons_can_be_saved(store: Store) -> None:
    assert await make(store, "k1") == []


async def test_what_was_not_known_when_a_button_was_made_can_be_added_to_all_of_its_action(store: Store) -> None:
    mint = Mint("k1", HERE, NOON)
    tokens = [mint("do", {"number": 1}), mint("why", {}), mint("do", {"number": 2})]
    mint.add("do", {"basis": "b"})
    async with store.write() as tx:
        await mint.save(tx)
    async with store.read() as tx:
        found = [await pressed(tx, token) for token in tokens]
    assert [one.data for one in found if one] == [{"number": 1, "basis": "b"}, {}, {"number": 2, "basis": "b"}]


@given(st.lists(st.tuples(st.text(max_size=8), st.lists(st.sampled_from(["do", "why", "more"]), max_size=6)), max_size=5))
def test_no_two_buttons_of_different_cards_share_a_token(cards: list[tuple[str, list[str]]]) -> None:
    made: dict[str, tuple[str, int]] = {}
    for key, actions in cards:
        mint = Mint(key, HERE, NOON)
        for position, action in enumerate(actions):
            token = mint(action, {})
            assert made.setdefault(token, (key, position)) == (key, position)
            assert len(token) == 24
            assert token.isascii()


# --- numbers --------------------------------------------------------------------------------------------------------------


async def test_a_number_means_the_button_at_that_place_of_the_latest_card(store: Store) -> None:
    await make(store, "old", "do", "why")
    tokens = await make(store, "new", "do", "more", "why", minutes=1)
    async with store.read() as tx:
        found = [await numbered(tx, HERE, number) for number in (1, 2, 3)]
    assert [one.token for one in found if one] == tokens


async def test_a_number_that_the_latest_card_does_not_have_means_nothing(store: Store) -> None:
    await make(store, "old", "do", "why", "more")
    await make(store, "new", "do", minutes=1)
    async with store.read() as tx:
        assert [await numbered(tx, HERE, number) for number in (-1, 0, 2, 3)] == [None] * 4


async def test_a_number_never_means_a_button_of_another_conversation(store: Store) -> None:
    await make(store, "theirs", "do", conversation="web:E02", minutes=5)
    async with store.read() as tx:
        assert await numbered(tx, HERE, 1) is None


async def test_a_thread_is_a_conversation_of_its_own(store: Store) -> None:
    await make(store, "channel", "do", conversation="slack:C1")
    await make(store, "thread", "why", conversation="slack:C1:17.1", minutes=1)
    async with store.read() as tx:
        found = await numbered(tx, "slack:C1", 1)
    assert found is not None and found.action == "do"


# --- words ----------------------------------------------------------------------------------------------------------------


async def test_a_word_means_the_button_of_that_action_on_the_latest_card(store: Store) -> None:
    await make(store, "old", "why")
    _, why = await make(store, "new", "do", "why", minutes=1)
    async with store.read() as tx:
        found = await latest(tx, HERE, "why")
    assert found is not None and found.token == why


async def test_a_word_the_latest_card_has_no_button_for_does_not_reach_back_to_an_older_one(store: Store) -> None:
    await make(store, "old", "more")
    await make(store, "new", "do", minutes=1)
    async with store.read() as tx:
        assert await latest(tx, HERE, "more") is None
