"""Names a fault: for a log line without its words, which may quote what a person wrote; for an operator, plainly."""

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from bot.settings import SettingsError
from bot.unheard import tell_unheard
from voice.cannot_hear import CannotHear


def name_fault(fault: BaseException) -> str:
    """Its type and the place it was raised, such as `KeyError at phrase.py:41`."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(fault).__name__
    return f"{type(fault).__name__} at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def tell_fault(fault: BaseException) -> str:
    """One line for whoever runs the program: what is wrong where that is known, else where it broke."""
    if isinstance(fault, DBAPIError):
        said = str(fault.orig).strip().splitlines() or [name_fault(fault)]
        return f"The database cannot be used: {said[0]}. Check that it is running, and PARLEY_DATABASE_URL."
    if isinstance(fault, CannotHear):
        return " ".join(tell_unheard(fault, "en").split())
    if isinstance(fault, SettingsError | ValueError):
        return str(fault)
    if isinstance(fault, OSError) and fault.filename is not None:
        return f"{fault.filename}: {fault.strerror}."
    return f"Something broke here: {name_fault(fault)}."
