"""`parley policy packs`: which there are, what one changes, on and off again, each with its entry in the record."""

from pathlib import Path

from tests.cli.parley import run


def test_a_pack_is_tried_switched_on_shown_as_on_and_switched_off(tmp_path: Path) -> None:
    assert "off strict-finance" in run(tmp_path, "policy", "packs").out
    tried = run(tmp_path, "policy", "packs", "on", "strict-finance", "--dry-run")
    assert tried.code == 0
    assert "amount_cny > 500,000 -> 200,000" in tried.out
    assert "Nothing was changed" in tried.out
    assert "on  strict-finance" not in run(tmp_path, "policy", "packs", "list").out
    switched = run(tmp_path, "policy", "packs", "on", "strict-finance")
    assert (switched.code, switched.err) == (0, "")
    assert "strict-finance is on. Version " in switched.out
    assert "on  strict-finance" in run(tmp_path, "policy", "packs", "list").out
    assert "nothing changed" in run(tmp_path, "policy", "packs", "on", "strict-finance").out
    off = run(tmp_path, "policy", "packs", "off", "strict-finance")
    assert "MILDER" in off.out and "amount_cny > 200,000 -> 500,000" in off.out
    assert run(tmp_path, "audit", "verify").out.startswith("The record is sound: 4 entries")


def test_what_a_pack_holds_can_be_read_before(tmp_path: Path) -> None:
    shown = run(tmp_path, "policy", "packs", "show", "china-pipl")
    assert shown.code == 0
    assert "verdict: confirm -> refuse" in shown.out
    assert "purpose transfer_abroad" in shown.out and "retention of contract" in shown.out
