"""The roster: every intent of the dictionary has its play, at the address that its id names."""

from actions.gather import FOR_CUSTOMER
from actions.plays.roster import PLAYS
from tests.plays import sample_house as house

ROWS_THAT_GATHER_KNOWS = frozenset(house.ROWS) | {"deal", "customer", FOR_CUSTOMER}


def test_every_intent_of_the_dictionary_leads_to_a_play_and_no_play_is_left_over() -> None:
    assert set(PLAYS) == set(house.DICTIONARY)


def test_the_intent_id_is_the_address_of_its_play() -> None:
    for intent, play in PLAYS.items():
        family, _, name = intent.rpartition(".")
        assert play.function.__name__ == (name or intent)
        assert play.function.__module__ == f"actions.plays.{family or 'chat'}"


def test_a_play_asks_only_for_rows_that_can_be_gathered() -> None:
    for intent, play in PLAYS.items():
        assert play.needs <= ROWS_THAT_GATHER_KNOWS, intent


def test_what_no_customer_says_is_played_among_colleagues() -> None:
    for intent, play in PLAYS.items():
        if play.among == "colleagues":
            assert "customer" not in house.DICTIONARY[intent].who, intent
