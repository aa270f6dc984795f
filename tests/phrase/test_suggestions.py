"""What Parley suggests to say, Parley understands: each button that says something leads where it promises."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.wording.sentences import LANGUAGES, Language, sentences
from intents.understand import Reader

ROOT = Path(__file__).parents[2]
MEANT = {
    "human": "service.human_handoff",
    "open_deals": "crm.lookup_pipeline",
    "all_deals": "crm.lookup_pipeline",
    "create_deal": "crm.create_opportunity",
    "draft_followup": "crm.draft_followup",
    "compare": "crm.compare_competitor",
    "consultant": "crm.book_consultant",
    "brief": "crm.morning_brief",
    "progress": "service.progress_query",
    "escalations": "escalation.status",
    "value_decay": "report.value_decay",
    "log_call": "crm.log_activity",
    "export_my_data": "data.export_my_data",
    "delete_my_data": "data.delete_my_data",
    "lookup_customer": "crm.lookup_customer",
    "submit_approval": "crm.submit_approval",
}
SAID_BY_CUSTOMERS = {"human", "progress", "export_my_data", "delete_my_data"}
SAMPLE = {"zh": "华康医疗", "en": "Acme Medical"}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(ROOT / "intents" / "model", ROOT / "intents" / "dictionary.yaml")


def test_every_suggestion_is_listed_here() -> None:
    suggested = {key.split(".")[1] for key in sentences("zh") if key.startswith("say.")}
    assert suggested == set(MEANT) | {"help", "lift_signal"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", sorted(MEANT))
def test_a_suggestion_is_understood_as_what_it_promises(key: str, lang: Language, reader: Reader) -> None:
    text = sentences(lang)[f"say.{key}"].replace("{customer}", SAMPLE[lang])
    role = "customer" if key in SAID_BY_CUSTOMERS else "rep"
    read = reader.understand(text, role=role, sent_at=datetime(2026, 8, 11, 2, 0, tzinfo=UTC))
    assert (read.intent, read.sure) == (MEANT[key], True)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("role", ["rep", "manager", "customer", "other"])
def test_an_example_of_the_help_is_understood_with_certainty(role: str, lang: Language, reader: Reader) -> None:
    for text in sentences(lang)[f"examples.{role}"].split("\n"):
        heard_as = "rep" if role == "other" else role
        read = reader.understand(text, role=heard_as, sent_at=datetime(2026, 8, 11, 2, 0, tzinfo=UTC))
        assert read.sure and read.intent != "out_of_scope", text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_word_for_help_is_heard_as_help(lang: Language, reader: Reader) -> None:
    read = reader.understand(sentences(lang)["say.help"], sent_at=datetime(2026, 8, 11, 2, 0, tzinfo=UTC))
    assert read.control == "help"
