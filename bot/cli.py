"""The `parley` program, one command for each thing an operator does; heavy parts load with the command that needs them."""

import asyncio
import json
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from actions.policy.commands import policy_cli
from intents.commands import intents_cli, understand_command
from retrieval.commands import knowledge_cli
from voice.commands import call_cli
from voice.emotion_command import SHIPPED_MODEL, judge_files

if TYPE_CHECKING:
    from actions.outside.store import Store
    from bot.app import House
    from bot.settings import Settings

# groups of commands that work on the store in force: the module of each, and the function that builds it
_OVER_STORE = {
    "audit": ("actions.audit_commands", "audit_cli"),
    "crm": ("actions.crm.commands", "crm_cli"),
    "people": ("actions.crm.commands", "people_cli"),
}


class _Program(TyperGroup):
    """Groups over the store are imported when they are called: the database alone takes a second to load."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted([*super().list_commands(ctx), *_OVER_STORE])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _OVER_STORE:
            return super().get_command(ctx, cmd_name)
        module, name = _OVER_STORE[cmd_name]
        command = typer.main.get_command(getattr(import_module(module), name)(open_store))
        command.name = cmd_name
        return command


app = typer.Typer(
    name="parley",
    cls=_Program,
    help="Parley, a chat-first CRM copilot.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _settings() -> "Settings":
    from bot.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as error:
        raise _failure(str(error)) from None


def _failure(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)


def _told(fault: Exception) -> str:
    from bot.fault import tell_fault

    return tell_fault(fault)


def open_store() -> "Store":
    """The store in force, for commands that work on it directly."""
    from actions.outside.store import Store

    settings = _settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    return Store(settings.database())


@intents_cli.command("review")
def review(
    as_json: Annotated[bool, typer.Option("--json", help="Only write what waits, one JSON object a line.")] = False,
) -> None:
    """Look through the readings that people corrected in the chat; what is kept goes into the next training."""
    from bot.review_commands import review_in_terminal, waiting_lines

    settings = _settings()
    store = open_store()
    if as_json:
        for line in asyncio.run(waiting_lines(store)):
            typer.echo(line)
        return
    try:
        asyncio.run(review_in_terminal(store, settings))
    except (ValueError, OSError) as error:
        raise _failure(str(error)) from None


@knowledge_cli.command("gaps")
def gaps(
    settle: Annotated[str | None, typer.Option(metavar="ID", help="A gap that somebody has seen to.")] = None,
    draft: Annotated[str | None, typer.Option(metavar="ID", help="A gap to print the draft of a document for.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead of a table.")] = False,
) -> None:
    """Show what people asked that no document answers, the most asked first."""
    from bot.gap_commands import show_gaps
    from retrieval.search import Library

    settings = _settings()
    library = partial(Library.load, settings.sops, settings.documents)
    try:
        asyncio.run(show_gaps(open_store(), settle, draft, library, as_json=as_json))
    except ValueError as error:
        raise _failure(str(error)) from None


@call_cli.command("emotion")
def emotion(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings in which one customer speaks.")],
    model: Annotated[Path, typer.Option(help="The folder of the model.", show_default="the shipped one")] = SHIPPED_MODEL,
) -> None:
    """Say how the customer in each file sounds: angry, happy, neutral or sad, as an estimate from the voice alone.

    Only for customers' speech: scoring the emotions of staff is forbidden in the EU and not what this is for.
    """
    from bot.unheard import tell_unheard

    try:
        is_whole = judge_files(files, model, lambda why: " ".join(tell_unheard(why, "en").split()))
    except ValueError as error:
        raise _failure(str(error)) from None
    if not is_whole:
        raise typer.Exit(1)


@policy_cli.command("packs")
def packs(
    action: Annotated[str, typer.Argument(metavar="[list|show|on|off]", help="What to do.")] = "list",
    name: Annotated[str | None, typer.Argument(help="The name of a pack.")] = None,
    is_trial: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Compliance packs: which there are, what one changes, and switching it on or off."""
    if action not in ("list", "show", "on", "off"):
        raise typer.BadParameter("must be list, show, on or off", param_hint="ACTION")
    from actions.policy_commands import packs_command

    try:
        packs_command(open_store, _settings().policy, action, name, is_trial=is_trial)
    except ValueError as error:
        raise _failure(str(error)) from None


@policy_cli.command("explain")
def explain(
    proposal: Annotated[str | None, typer.Argument(help="A proposal, a deed, or the message that led to it.")] = None,
    facts: Annotated[Path | None, typer.Option(help="A file with facts instead, written as those of a case.")] = None,
    lang: Annotated[str, typer.Option(help="en or zh, for the sentences.")] = "en",
    zone: Annotated[str, typer.Option(help="Whose clock times are told by.")] = "Asia/Shanghai",
    as_json: Annotated[bool, typer.Option("--json", help="The whole basis as JSON.")] = False,
) -> None:
    """Say in words why a decision fell: every rule with its outcome and values, and who may say yes until when."""
    if lang not in ("en", "zh"):
        raise typer.BadParameter("must be en or zh", param_hint="--lang")
    if (proposal is None) == (facts is None):
        raise typer.BadParameter("name a proposal, or give --facts FILE", param_hint="PROPOSAL")
    from bot.explain import explain_decision, explain_facts

    language: Literal["zh", "en"] = "en" if lang == "en" else "zh"
    try:
        if facts is not None:
            lines, found = asyncio.run(explain_facts(open_store(), facts, _settings().policy, language))
        else:
            lines, found = asyncio.run(explain_decision(open_store(), str(proposal), language, zone))
    except ValueError as error:
        raise _failure(str(error)) from None
    for line in [json.dumps(one, ensure_ascii=False) for one in found] if as_json else lines:
        typer.echo(line.encode("utf-8", "backslashreplace").decode("utf-8"))


app.add_typer(call_cli, name="call")
app.add_typer(intents_cli, name="intents")
app.add_typer(knowledge_cli, name="knowledge")
app.add_typer(policy_cli, name="policy")
app.command("understand")(understand_command)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    sample: Annotated[bool, typer.Option("--sample", help="Fill an empty home with the sample company.")] = False,
) -> None:
    """Serve the channels, the API and the pages."""
    import uvicorn

    from bot.app import build_house, create_app
    from bot.logs import configure_logs
    from bot.settings import SettingsError

    configure_logs()
    settings = _settings()
    faults: list[Exception] = []

    async def build(settings: "Settings") -> "House":
        try:
            return await build_house(settings)
        except Exception as fault:
            faults.append(fault)  # the server would tell only that there was one
            raise

    try:
        web = create_app(settings, sample=sample, build=build)
    except (SettingsError, ValueError, OSError) as error:
        raise _failure(str(error)) from None
    server = uvicorn.Server(
        uvicorn.Config(
            web, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=5, server_header=False
        )
    )
    if sys.stderr.isatty():
        typer.echo(f"Parley is starting on http://{host}:{port} (Ctrl+C stops it)", err=True)
    try:
        server.run()
    except SystemExit:  # how the server ends when it could not start
        pass
    if faults:
        raise _failure(_told(faults[0]))
    if not server.started:
        raise typer.Exit(1)


@app.command()
def chat(
    as_: Annotated[
        str | None, typer.Option("--as", metavar="ID", help="Speak as this person (`parley people list`).")
    ] = None,
    role: Annotated[str, typer.Option(help="rep, manager or customer, for the sample company.")] = "rep",
) -> None:
    """Talk to the copilot in the terminal; a number presses a button."""
    if role not in ("rep", "manager", "customer"):
        raise typer.BadParameter("must be rep, manager or customer", param_hint="--role")
    from bot.chat_command import chat_in_terminal
    from bot.logs import configure_logs
    from bot.settings import SettingsError

    configure_logs("ERROR", human=True)
    try:
        asyncio.run(chat_in_terminal(_settings(), as_, role))
    except (SettingsError, ValueError, OSError) as error:
        raise _failure(str(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@app.command()
def doctor() -> None:
    """Check settings, models, stores and channels, and say what to do about each."""
    from bot.doctor import examine
    from bot.logs import configure_logs

    configure_logs("ERROR", human=True)
    findings = asyncio.run(examine(_settings()))
    for finding in findings:
        typer.echo(f"{'ok   ' if finding.is_well else 'WRONG'} {finding.what}: {finding.sentence}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


@app.command(
    context_settings={"ignore_unknown_options": True}
)  # what the benchmarks know, `--messages 500`, is theirs to read
def bench(
    only: Annotated[list[str] | None, typer.Argument(help="Names of benchmarks; all of them when none is given.")] = None,
) -> None:
    """Run the benchmarks and show each beside what it is compared with."""
    script = Path(__file__).parent.parent / "bench" / "run.py"
    if not script.exists():
        raise _failure("The benchmarks are part of the source checkout; this installation does not have them.")
    import runpy

    sys.argv = [str(script), *(only or [])]
    runpy.run_path(str(script), run_name="__main__")


def main() -> None:
    """Entry point. Wrong use exits with 2, a failure with 1 and one clear line."""
    from dotenv import load_dotenv

    load_dotenv(".env")  # options that read the environment shall see what the settings see
    try:
        app()
    except Exception as fault:  # nobody who runs a program should have to read a traceback
        typer.echo(_told(fault), err=True)
        sys.exit(1)
