"""Slots."""
from datetime import datetime
from intents.names import Names
from intents.understanding import Slot
def find_slots(text: str, sent_at: datetime, names: Names) -> tuple[Slot, ...]:
    return ()
