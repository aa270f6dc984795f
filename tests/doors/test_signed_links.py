"""A link opens one thing for one person until its time is over, and nothing that was changed on the way opens."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pages.signed import Signed, SignedLinks

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINKS = SignedLinks(b"a secret of at least thirty-two bytes", "call")
names = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(names, names, st.integers(1, 10_000_000))
def test_what_was_made_is_read_until_its_time(thing: str, person: str, seconds: int) -> None:
    until = NOW + timedelta(seconds=seconds)
    token = LINKS.token(thing, person, until)
    assert LINKS.read(token, until - timedelta(seconds=1)) == Signed(thing, person)
    assert LINKS.read(token, until) is None


@given(names, names, st.data())
def test_a_changed_token_opens_nothing(thing: str, person: str, data: st.DataObject) -> None:
    token = LINKS.token(thing, person, NOW + timedelta(days=1))
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda one: one != token[place]))
    read = LINKS.read(token[:place] + other + token[place + 1 :], NOW)
    # the last character of base64 has bits that say nothing: it may change, what is said does not
    assert read is None or read == Signed(thing, person)


@given(st.text(max_size=200))
def test_anything_else_opens_nothing(token: str) -> None:
    assert LINKS.read(token, NOW) is None


def test_a_link_of_another_page_or_another_house_does_not_fit() -> None:
    token = LINKS.token("REC-1", "E01", NOW + timedelta(days=1))
    assert SignedLinks(b"a secret of at least thirty-two bytes", "dispatch").read(token, NOW) is None
    assert SignedLinks(b"another secret of thirty-two bytes or more", "call").read(token, NOW) is None


def test_a_name_that_would_read_as_two_is_refused() -> None:
    with pytest.raises(ValueError, match="control character"):
        LINKS.token("REC-1\x1fE20", "E01", NOW)
