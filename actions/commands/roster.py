"""Every command of the house by name, and commands to and from JSON; a new command is one row here."""

from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from actions.commands import (
    calendars,
    calls,
    clips,
    clock,
    corrections,
    crm,
    data,
    dispatch,
    knowledge,
    materials,
    meetings,
    messages,
    papers,
    recordings,
    reviews,
    service,
    stops,
)
from actions.proposal import Command

_ALL: tuple[type[Command], ...] = (
    crm.UpdateStage,
    crm.UpdateAmount,
    crm.HoldDeal,
    crm.ReleaseDeal,
    crm.SetWaiting,
    crm.CreateLead,
    crm.MarkLead,
    crm.CreateDeal,
    crm.LogActivity,
    crm.SetReminder,
    crm.CancelReminder,
    crm.AssignLeads,
    crm.ExportCustomers,
    reviews.SubmitApproval,
    reviews.SignReview,
    reviews.ReturnReview,
    reviews.WithdrawReview,
    reviews.TellOverdue,
    materials.AskMaterials,
    materials.AskCustomer,
    materials.ChaseMaterials,
    materials.TellUnchased,
    materials.ReportMaterials,
    materials.TickMaterials,
    papers.PreparePaper,
    papers.SendPaper,
    papers.MarkPaperSent,
    papers.DiscardPaper,
    service.OpenTicket,
    service.TakeTicket,
    service.CloseTicket,
    service.TellOwner,
    messages.MessageCustomer,
    stops.NoteSignal,
    stops.EndSignals,
    stops.LiftSignal,
    stops.RecordFiring,
    stops.AppealFiring,
    stops.RuleOnFiring,
    stops.SpendRelease,
    stops.EndFiring,
    stops.TakeAlternative,
    data.UpdateContact,
    data.UpdateAddress,
    data.UpdateCompany,
    data.RequestData,
    knowledge.ReportGap,
    knowledge.TakeInDocument,
    clock.DeliverReminder,
    meetings.HoldSlot,
    meetings.BookConsultant,
    meetings.ReleaseHold,
    meetings.RebookConsultant,
    meetings.CancelBooking,
    meetings.DeclineBooking,
    meetings.SendInvitation,
    meetings.RemindMeeting,
    calendars.TakeCalendar,
    calendars.TellClashes,
    recordings.TakeRecording,
    recordings.RecordBasis,
    recordings.NotWithCustomer,
    recordings.ListenAgain,
    recordings.CancelRecording,
    recordings.DeleteRecording,
    recordings.BeginListening,
    recordings.EndListening,
    calls.WriteCall,
    dispatch.DispatchCall,
    dispatch.SaveDispatchTemplate,
    corrections.CorrectCall,
    clips.ShareClip,
)

COMMANDS: dict[str, type[Command]] = {command.name: command for command in _ALL}


def command_to_json(command: Command) -> dict[str, Any]:
    """`{"name", "args"}`; amounts and times are text. KeyError if the command is not on the roster."""
    return {"name": command.name, "args": _adapter(command.name).dump_python(command, mode="json")}


def command_from_json(value: Any) -> Command:
    """The command that `command_to_json` wrote. ValueError on an unknown command, or arguments that do not fit it."""
    if not isinstance(value, dict) or value.keys() != {"name", "args"} or not isinstance(value["args"], dict):
        raise ValueError("a command is written as its name and args")
    name, args = value["name"], value["args"]
    if not isinstance(name, str) or name not in COMMANDS:
        raise ValueError("there is no such command")
    known = {field.name for field in fields(COMMANDS[name])}  # type: ignore[arg-type]  # all are dataclasses
    if unknown := sorted(str(arg) for arg in args.keys() - known):
        raise ValueError(f"{name} takes no {', '.join(unknown)}")
    try:
        command: Command = _adapter(name).validate_python(args)
    except ValidationError as error:
        where = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
        # pydantic's own text quotes what was sent, which may be personal
        raise ValueError(f"{name} cannot take this {', '.join(where)}") from None
    return command


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(COMMANDS[name])
