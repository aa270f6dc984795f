"""What every module keeps to: it opens with a sentence, imports go down, a library stays with its owner."""

import ast
import re
from fnmatch import fnmatch

import pytest
from importlinter.cli import lint_imports

from tests.house.modules import ROOT, Module, modules

# a library that is somebody's business alone: where it may be imported
OWNERS = {
    "PIL": ("actions/papers/letters.py", "actions/papers/picture.py", "voice/curve.py"),
    "aiohttp": ("bot/channels/slack*",),
    "av": ("voice/clip.py", "voice/decode.py", "voice/training/*"),
    "alembic": ("actions/outside/store.py", "actions/outside/migrations/*"),
    "bm25s": ("retrieval/*",),
    "bs4": ("retrieval/formats/web_page.py",),
    "cel_expr_python": ("actions/policy/*",),
    "charset_normalizer": ("retrieval/formats/plain.py",),
    "chromadb": ("retrieval/index.py",),
    "cn2an": ("intents/*",),
    "ctranslate2": ("voice/transcribe.py", "voice/training/*"),
    "cryptography": ("actions/recordings/sealed.py",),
    "dbos": ("actions/outside/durable.py",),
    "docx": ("retrieval/formats/word.py", "actions/papers/word.py"),
    "faster_whisper": ("voice/transcribe.py", "voice/training/*"),
    "fontTools": ("actions/papers/fonts/cut_fonts.py",),
    "fpdf": ("actions/papers/portable.py",),
    "httpx": (
        "actions/outside/llm.py",
        "bot/channels/tencent/*",
    ),
    "icalendar": ("actions/crm/calendar_file.py", "actions/crm/invitation.py"),
    "jieba": ("retrieval/*", "intents/*"),
    "jinja2": ("bot/pages/*",),
    "llama_index": ("retrieval/index.py",),
    "markdownify": ("retrieval/formats/web_page.py",),
    "openpyxl": ("actions/crm/*", "retrieval/formats/sheet.py"),
    "phonenumbers": ("intents/contact.py", "actions/crm/cells.py"),
    "pptx": ("retrieval/formats/slides.py",),
    "prometheus_client": ("bot/metrics.py",),
    "pydantic_settings": ("bot/settings.py",),
    "pypdf": ("retrieval/formats/portable.py",),
    "pysilk": ("voice/decode.py",),
    "redis": ("bot/memory.py",),
    "rich": ("*commands.py", "*_command.py", "bot/channels/terminal.py"),
    "scipy": ("intents/training/*", "voice/*"),
    "sklearn": ("intents/training/*", "voice/training/*"),
    "slack_bolt": ("bot/channels/slack*",),
    "slack_sdk": ("bot/channels/slack*",),
    "stdnum": ("intents/contact.py",),
    "typer": ("*commands.py", "*_command.py", "bot/cli.py"),
    "uvicorn": ("bot/cli.py",),
    "wechatpy": ("bot/channels/tencent/*", "bot/channels/wecom*", "bot/channels/wechat*"),
}
# who may know what time it is; everybody else is told
CLOCKS = ("bot/app.py", "bot/channels/wecom.py", "bot/channels/wechat.py", "*/commands.py", "*_commands.py")
THINKING = ("actions/plays/", "actions/commands/", "actions/policy/", "bot/wording/", "intents/", "retrieval/", "voice/")
THINKING_FILES = ("actions/decide.py", "actions/propose.py", "actions/draft.py", "bot/phrase.py", "bot/thread.py")
SAYS_NOTHING = re.compile(r"(?:^|[/_])(?:utils?|helpers?|managers?|common|base|misc)(?:_|\.py$)")


def _named(module: Module) -> str:
    return module.path


@pytest.mark.parametrize("module", modules(), ids=_named)
def test_a_module_opens_with_one_sentence_about_itself(module: Module) -> None:
    docstring = ast.get_docstring(module.tree)
    assert docstring, "no docstring"
    first = docstring.split("\n\n")[0]
    assert first[0].isupper() or first[0] in '`"' or first.split(":")[0].isidentifier()
    assert first.endswith((".", "”", '"'))


def test_imports_only_go_down() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) == 0


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_stays_with_its_owner(library: str) -> None:
    users = [m.path for m in modules() if any(name.split(".")[0] == library for name in m.imports)]
    assert users, f"nobody imports {library} any more: take it out of the table"
    strangers = [path for path in users if not any(fnmatch(path, owner) for owner in OWNERS[library])]
    assert strangers == []


@pytest.mark.parametrize("module", [m for m in modules() if m.path.endswith("__init__.py")], ids=_named)
def test_one_thing_has_one_address(module: Module) -> None:
    assert len(module.tree.body) == 1, "an __init__.py holds its sentence and passes nothing on"


def test_names_of_files_say_what_they_hold() -> None:
    assert [m.path for m in modules() if SAYS_NOTHING.search(m.path)] == []


def test_only_shells_read_the_clock() -> None:
    readers = [m.path for m in modules() if _reads_the_clock(m.tree)]
    assert [path for path in readers if not any(fnmatch(path, clock) for clock in CLOCKS)] == []


def test_thinking_neither_waits_nor_touches_the_world() -> None:
    thinking = [m for m in modules() if m.path.startswith(THINKING) or m.path in THINKING_FILES]
    assert [m.path for m in thinking if any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(m.tree))] == []


def test_records_are_changed_through_one_door() -> None:
    changing = {"create", "update", "remove"}
    callers = {m.path for m in modules("actions", "bot") for name in _called_on("own", m.tree) if name in changing}
    assert callers == {"actions/apply_effects.py"}


def test_only_carrying_out_applies_effects() -> None:
    callers = {m.path for m in modules() if "actions.apply_effects" in m.imports}
    assert callers == {"actions/carry_out.py", "actions/deed.py", "actions/undoing.py"}


def _reads_the_clock(tree: ast.Module) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    readings = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    return any(
        isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and (call.value.id, call.attr) in readings
        for call in calls
    )


def _called_on(name: str, tree: ast.Module) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        call.attr
        for call in calls
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == name
    }
