"""How long recordings are kept stands in a file beside the policy, read over strictly and part of its version."""

from datetime import timedelta
from pathlib import Path

import pytest

from actions.policy.files import SHIPPED_POLICY, Files, files_at
from actions.policy.policy import Policy
from actions.policy.recordings import BASES, RecordingRules, shipped_recordings

SHIPPED = "keep_days: 180\nmessage_days: 30\nunanswered_hours: 72\nkeep_transcripts: true\nbases: [customer_agreed]\n"


def read(text: str) -> RecordingRules:
    return RecordingRules.read(text, "recordings.yaml")


def test_the_shipped_rules_keep_calls_half_a_year() -> None:
    rules = shipped_recordings()
    assert (rules.keep_for, rules.messages_for) == (timedelta(days=180), timedelta(days=30))
    assert rules.bases == BASES


def test_a_file_beside_the_policy_counts_and_makes_another_version(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_bytes(SHIPPED_POLICY.read_bytes())
    before = Policy.load(policy)
    (tmp_path / "recordings.yaml").write_text(SHIPPED.replace("180", "30"), encoding="utf-8")
    after = Policy.load(policy)
    assert (before.recordings.keep_for.days, after.recordings.keep_for.days) == (180, 30)
    assert before.version != after.version


def test_a_version_from_before_there_were_any_has_the_shipped_ones() -> None:
    texts = {name: text for name, text in files_at(SHIPPED_POLICY).texts.items() if name != "recordings.yaml"}
    assert Policy.read(Files(texts)).recordings == shipped_recordings()


@pytest.mark.parametrize(("written", "channel"), [("left", 0), ("right", 1), ("none", None)])
def test_the_channel_of_the_customer_is_a_side_or_none(written: str, channel: int | None) -> None:
    assert read(f"{SHIPPED}customer_channel: {written}\n").customer_channel == channel
    assert shipped_recordings().customer_channel is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (SHIPPED.replace("keep_days: 180", "keep_days: forever"), "keep_days is a whole number"),
        (SHIPPED.replace("180", "0"), "keep_days is a whole number from 1"),
        (SHIPPED.replace("180", "true"), "keep_days is a whole number"),
        (SHIPPED.replace("true", "perhaps"), "keep_transcripts is true or false"),
        (SHIPPED.replace("[customer_agreed]", "[nobody_minds]"), "bases is a list of customer_agreed"),
        (SHIPPED.replace("[customer_agreed]", "[]"), "bases is a list of"),
        (SHIPPED + "keep_weeks: 3\n", "no such key as keep_weeks"),
        (SHIPPED + "customer_channel: both\n", "customer_channel is none, left, right"),
        (SHIPPED + "customer_channel: 1\n", "customer_channel is none, left, right"),
        ("- keep_days", "key: value"),
        ("keep_days: [", "cannot be read as YAML"),
    ],
)
def test_a_fault_is_named_with_its_place(wrong: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"recordings\.yaml: ") as fault:
        read(wrong)
    assert told in str(fault.value)
