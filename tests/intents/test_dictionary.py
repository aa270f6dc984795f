"""The semantic dictionary is read whole, or refused with the place that is wrong."""

from pathlib import Path

import pytest

from intents.dictionary import load_dictionary
from tests.intents.conftest import DICTIONARY


def test_the_shipped_dictionary_has_68_intents_each_with_speakers_and_examples() -> None:
    intents = load_dictionary(DICTIONARY).intents
    assert len(intents) == 68
    assert all(intent.who and intent.means and intent.zh and intent.en for intent in intents.values())


def test_an_intent_of_customers_and_reps_only_is_the_customers_own() -> None:
    own = load_dictionary(DICTIONARY).customers_own()
    assert {"objection.stall", "buying.quote_request", "data.delete_my_data"} <= own
    assert not own & {"crm.assign_lead", "approval.confirm", "knowledge.ask", "service.human_handoff"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("version: 1", "needs `version` and `intents`"),
        ("- a list", "needs `version` and `intents`"),
        ("version: one\nintents: {}", "`version` must be a whole number"),
        ("version: 1\nintents: {chat.hello: hi}", "chat.hello must have who"),
        ("version: 1\nintents: {chat.hello: {who: [], means: m, zh: z, en: e}}", "chat.hello must have who"),
        ("version: 1\nintents: {a: {who: [rep], means: m, zh: z, en: e}}", "out_of_scope is missing"),
        ("version: [", "cannot be read"),
    ],
)
def test_a_broken_dictionary_is_refused_with_its_fault(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "dictionary.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        load_dictionary(path)
