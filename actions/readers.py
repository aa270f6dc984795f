"""Who reads company documents: the audience and the teams that a speaker belongs to."""

from actions.crm.records import Customer, Speaker
from retrieval.setting import Setting

WITHOUT_CONSENT = frozenset({"contract"})
"""What a customer's data may be used for without being asked: to do what was agreed with them. Documents that hold data
given for anything else answer once a consent gate says that they may."""


def audience_of(speaker: Speaker) -> str:
    """The audience, in the words of the documents."""
    if not speaker.is_staff:
        return "customer"
    return "manager" if speaker.role in ("manager", "director") else "rep"


def setting_of(speaker: Speaker, customer: Customer | None = None) -> Setting:
    """What the speaker may read besides; of a customer's documents those about the customer meant."""
    own = {speaker.region, speaker.manager_id or "", speaker.person_id or ""} - {""}
    return Setting(
        teams=None if speaker.role == "director" else frozenset(own) if speaker.is_staff else frozenset(),
        customer=customer.id if customer else speaker.customer_id,
        purposes=WITHOUT_CONSENT,
    )
