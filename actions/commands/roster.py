"""Every command of the house by name, and commands to and from JSON; a new command is one row here."""

from typing import Any

from actions.commands import crm, data, service
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
    crm.SubmitApproval,
    crm.ExportCustomers,
    service.OpenTicket,
    service.TakeTicket,
    service.CloseTicket,
    service.TellOwner,
    data.UpdateContact,
    data.UpdateAddress,
    data.UpdateCompany,
    data.RequestData,
)

COMMANDS: dict[str, type[Command]] = {command.name: command for command in _ALL}
