"""The README cannot go stale: its commands exist, its make targets exist, its links lead somewhere."""

import re

import pytest
import typer
from typer.core import TyperGroup

from bot.cli import app
from tests.house.modules import ROOT

READMES = ("README.md", "README.zh-CN.md")
_SHELL = re.compile(r"```(?:sh|bash|console)\n(.*?)```|`([^`\n]+)`", re.DOTALL)
# `/parley` is what people type in Slack, and no program
_PROGRAM = re.compile(r"(?:^|[\s|]|bin/)parley ([a-z]+)(?: ([a-z]+))?")


def _commands(readme: str) -> set[tuple[str, str]]:
    """Each `parley …` in the code of a README: the command and what may be its sub-command."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    code = "\n".join(block or line for block, line in _SHELL.findall(text))
    return set(_PROGRAM.findall(code))


def _is_there(command: str, further: str) -> bool:
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    context = typer.Context(program)
    found = program.get_command(context, command)
    if not isinstance(found, TyperGroup):
        return found is not None
    return not further or found.get_command(context, further) is not None


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_the_readme_exists(readme: str) -> None:
    commands = _commands(readme)
    assert commands, "the README shows no command"
    assert [f"parley {command} {further}" for command, further in commands if not _is_there(command, further)] == []


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_of_the_readme_exists(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {line or inline for line, inline in re.findall(r"^make ([a-z]+)|`make ([a-z]+)`", text, re.MULTILINE)}
    assert shown
    assert shown <= targets


@pytest.mark.parametrize("readme", READMES)
def test_every_link_into_the_repository_leads_somewhere(readme: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / readme).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
