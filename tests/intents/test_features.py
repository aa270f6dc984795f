"""Features: what the model sees of a text does not hang on width, case, digits or unreadable characters."""

from hypothesis import given
from hypothesis import strategies as st

from intents.features import LONGEST_READ, features, normalise, role_feature


def test_width_and_case_make_no_difference() -> None:
    assert features("ＡＢＣ报价") == features("abc报价")


def test_all_digits_are_alike() -> None:
    assert features("改成60万") == features("改成75万")


def test_a_known_role_is_a_feature_and_an_unknown_one_is_not() -> None:
    assert role_feature("rep") in features("报价", "rep")
    assert role_feature("rep") not in features("报价")


def test_grams_cross_no_more_than_one_border_and_words_come_in_pairs() -> None:
    found = features("send quote")
    assert {"send", "d qu", "\tw quote", "\tp send quote", "\t^se", "\t$te"} <= set(found)
    assert max(len(name) for name in found if not name.startswith("\t")) == 4


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_normalised_once_and_for_all(text: str) -> None:
    plain = normalise(text)
    assert len(plain) <= LONGEST_READ
    assert "\n" not in plain
    assert plain == plain.strip()
    plain.encode("utf-8")
