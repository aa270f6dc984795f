"""What is in the repository at all: nothing of anybody's own machine, nothing secret, no tests that wait or replace."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.modules import ROOT, Module, modules

THIS_FILE = Path(__file__).relative_to(ROOT).as_posix()
# built from pieces, so that this file does not hold what it forbids
FORBIDDEN = {
    "a path of somebody's own machine": re.compile(
        r"(?<![\w.])/(?:" + "|".join(["work", "home/[a-z]", "root", "Users"]) + ")/"
    ),
    "the host of a package registry": re.compile("(?:files\\.python" + "hosted|pypi\\." + "org|--index" + "-url)"),
    "the number of an issue": re.compile("(?i)\\bissue" + r" #?\d"),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----"),
    "a token": re.compile(r"\bxox[abp]-\d{6,}|\bsk-[A-Za-z0-9]{20,}|\bghp_[A-Za-z0-9]{20,}"),
}
BINARY = (
    ".amr",
    ".bin",
    ".npy",
    ".ogg",
    ".opus",
    ".silk",
    ".pdf",
    ".npz",
    ".onnx",
    ".safetensors",
    ".png",
    ".xlsx",
    ".ico",
    ".ttf",
    ".woff2",
)


def _text_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and not name.endswith(BINARY) and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_repository_does_not_hold(what: str) -> None:
    pattern = FORBIDDEN[what]
    found = [
        f"{name}:{number}"
        for name in _text_files()
        if name != THIS_FILE
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("module", modules("tests"), ids=lambda module: module.path)
def test_tests_hand_fakes_in_and_replace_nothing(module: Module) -> None:
    source = (ROOT / module.path).read_text(encoding="utf-8")
    replaces = re.compile(r"\bmonkey" + r"patch\b|\bmock\.pat" + "ch|from unittest import mo" + "ck")
    assert replaces.search(source) is None


def test_the_lock_names_exact_versions_with_their_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-training.lock"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        packages = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert packages
        assert [line for line in packages if not re.match(r"[A-Za-z0-9._\[\]-]+==\S+ ", line)] == []
