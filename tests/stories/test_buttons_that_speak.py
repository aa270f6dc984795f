"""A button that says something for the person is understood: its words are surely read as what the button is for."""

import pytest

from bot.app import Minds
from bot.wording.sentences import Language, sentences
from tests.house_under_test import MORNING

MEANT = {
    "help": None,
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
CUSTOMERS = {"human", "progress", "export_my_data", "delete_my_data"}
SOMEBODY: dict[Language, str] = {"zh": "华康医疗科技有限公司", "en": "Northwind Labs"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_spoken_button_is_in_the_table(lang: Language) -> None:
    assert {key.removeprefix("say.") for key in sentences(lang) if key.startswith("say.")} == set(MEANT) | {"lift_signal"}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", MEANT)
def test_a_spoken_button_is_understood(name: str, lang: Language, minds: Minds) -> None:
    text = sentences(lang)[f"say.{name}"].replace("{customer}", SOMEBODY[lang])
    for role in ("customer",) if name in CUSTOMERS else ("rep", "manager"):
        read = minds.reader.understand(text, role=role, sent_at=MORNING)
        if MEANT[name] is None:
            assert read.control == name
        else:
            assert (read.intent, read.sure) == (MEANT[name], True), f"{text!r} is read as {read.intent} by a {role}"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["rep", "manager", "customer", "other"])
def test_the_examples_of_the_help_are_understood(kind: str, lang: Language, minds: Minds) -> None:
    for text in sentences(lang)[f"examples.{kind}"].split("\n"):
        role = {"other": "rep"}.get(kind, kind)
        assert minds.reader.understand(text, role=role, sent_at=MORNING).sure, text
