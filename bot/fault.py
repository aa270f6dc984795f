"""Names a fault for a log line or a ledger without repeating its words, which may quote what a person wrote."""

from pathlib import Path


def name_fault(fault: BaseException) -> str:
    """Its type and the place it was raised, such as `KeyError at phrase.py:41`."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(fault).__name__
    return f"{type(fault).__name__} at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
