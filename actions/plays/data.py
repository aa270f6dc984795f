"""A customer's own data: changed, seen, copied, allowed, forbidden, deleted."""

import re

from actions.commands.data import DataRequest, RequestData, UpdateAddress, UpdateCompany, UpdateContact, WhichAddress
from actions.crm.records import Contact, Customer
from actions.plays.meant import the_customer
from actions.plays.play import Result
from actions.plays.said import STRANGER, is_customer
from actions.plays.told import customer_subject, named
from actions.proposal import Answer, Ask, Json
from actions.situation import Situation

_DELIVERY = re.compile(r"收货|发货|送货|寄货|配送|deliver|shipping|ship to|warehouse", re.IGNORECASE)
_BILLING = re.compile(r"账单|开票地址|寄票|寄发票|票寄|billing|bill to|invoice(?:s)? (?:address|to)", re.IGNORECASE)
_RENAMED = re.compile(
    r"(?:改名为|更名为|改名叫|改名成|更名成|公司名(?:称)?(?:变更为|改为|改成)|名称(?:变更为|改为|改成)"
    r"|now called|(?:new|legal) name is (?:now )?|renamed? (?:to|as)"
    r"|changed (?:our|their|its) name to|name (?:has )?changed to)"
    # the point of "Inc." belongs to the name in law
    r"\s*[:：]?\s*([^,，。;；\n.]{2,60}(?:(?<=\bInc)\.|(?<=\bLtd)\.|(?<=\bCorp)\.|(?<=\bCo)\.(?:,? Ltd\.?)?)?)",
    re.IGNORECASE,
)
_TITLE = re.compile(r"抬头(?:要|请)?(?:改为|改成|变更为|是|为|[:：])[:：\s]*([^,，。;；\n]{2,60})")
_BANK = re.compile(
    r"(?:开户行|开户银行|银行账(?:户|号)|bank(?: account)?(?: details)?)"
    r"\s*(?:改为|改成|变更为|换成|是|为|is now|is|to|[:：])[:：\s]*([^。;；\n]{2,80})",
    re.IGNORECASE,
)
_NEW_CONTACT = {"phone": "new_contact_phone", "email": "new_contact_email"}
_MAIL = re.compile(r"邮箱|邮件|e-?mail|\bmail\b", re.IGNORECASE)
_TAX_ID = re.compile(
    r"(?<![0-9A-Z])(?:[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}|[A-Z]{2}\d[0-9A-Z]{7,11})(?![0-9A-Z])"
)


def update_address(s: Situation) -> Result:
    customer = _whose(s)
    if not isinstance(customer, Customer):
        return customer
    address = s.slot("address")
    which = which_address(s.text)
    if not address:
        return Ask("address", "new_address", {"which": which, "customer": named(customer, s.lang)})
    return UpdateAddress(customer_id=customer.id, which=which, address=str(address))


def which_address(text: str) -> WhichAddress:
    """Delivery or billing where the words say so, else the company's seat."""
    if _DELIVERY.search(text):
        return "delivery_address"
    return "billing_address" if _BILLING.search(text) else "address"


def update_contact(s: Situation) -> Result:
    customer = _whose(s)
    if not isinstance(customer, Customer):
        return customer
    person, phone, email = (_text(s.slot(kind)) for kind in ("person", "phone", "email"))
    contact = _contact(s, person)
    if contact is None and person is None:
        return Ask("person", "which_new_contact", {"customer": named(customer, s.lang)})
    if phone is None and email is None:
        told = {"customer": named(customer, s.lang), "person": named(contact, s.lang) if contact else person}
        missing = "email" if _MAIL.search(s.text) else "phone"
        return Ask(missing, _NEW_CONTACT[missing], told)
    return UpdateContact(
        contact_id=contact.id if contact else None,
        customer_id=customer.id,
        person=None if contact else person,
        phone=phone,
        email=email,
    )


def update_company(s: Situation) -> Result:
    customer = _whose(s)
    if not isinstance(customer, Customer):
        return customer
    answered = _text(s.answers.get("text"))
    words = answered or s.text
    tax_id = _text(s.slot("tax_id")) or _first(_TAX_ID, words, whole=True)
    company = _first(_RENAMED, words)
    title, bank = _first(_TITLE, words), _first(_BANK, words)
    if answered and not (tax_id or company or title or bank):
        company = answered.strip()[:80]
    if not (tax_id or company or title or bank):
        return Ask("text", "new_company_data", {"customer": named(customer, s.lang)})
    return UpdateCompany(customer_id=customer.id, company=company, tax_id=tax_id, bank=bank, invoice_title=title)


def view_my_data(s: Situation) -> Result:
    customer = _whose(s)
    if not isinstance(customer, Customer):
        return customer
    contacts = [row for row in s.rows.get("contacts", ()) if isinstance(row, Contact)]
    shown = [row for row in contacts if row.id == s.speaker.person_id] if is_customer(s) else contacts
    told: dict[str, Json] = {
        "customer": named(customer, s.lang),
        "address": customer.address,
        "delivery_address": customer.delivery_address,
        "billing_address": customer.billing_address,
        "tax_id": customer.tax_id,
        "invoice_title": customer.invoice_title,
        "tickets": len(s.rows.get("tickets", ())),
        "are_kept": bool(s.rows.get("activities")) or None,
    }
    rows = tuple({"row": "contact", "person": named(row, s.lang), "phone": row.phone, "email": row.email} for row in shown)
    says = ("export_my_data", "delete_my_data") if is_customer(s) else ()
    return Answer("my_data", told, rows=rows, says=says, subject=customer_subject(customer, s.lang))


def export_my_data(s: Situation) -> Result:
    return _request(s, "export")


def grant_consent(s: Situation) -> Result:
    return _request(s, "grant")


def revoke_consent(s: Situation) -> Result:
    return _request(s, "revoke")


def delete_my_data(s: Situation) -> Result:
    return _request(s, "delete")


def _request(s: Situation, what: DataRequest) -> Result:
    customer = _whose(s)
    if not isinstance(customer, Customer):
        return customer
    contact_id = s.speaker.person_id if is_customer(s) else s.contact.id if s.contact else None
    return RequestData(customer_id=customer.id, contact_id=contact_id, what=what, text=s.text)


def _whose(s: Situation) -> Customer | Result:
    if not is_customer(s):
        return the_customer(s, "whose_data")
    return s.customer if s.customer is not None and s.customer.id == s.speaker.customer_id else STRANGER


def _contact(s: Situation, person: str | None) -> Contact | None:
    """Who is meant: the one named, if known here; with nobody named the speaker, or the customer's first contact."""
    contacts = [row for row in s.rows.get("contacts", ()) if isinstance(row, Contact)]
    if person is not None:
        known = [row for row in contacts if person in (row.id, row.name, row.name_en)]
        return known[0] if known else None
    if is_customer(s):
        return next((row for row in contacts if row.id == s.speaker.person_id), None)
    return s.contact or next((row for row in contacts if row.is_primary), None)


def _text(value: object) -> str | None:
    return str(value).strip() or None if value is not None else None


def _first(pattern: re.Pattern[str], text: str, *, whole: bool = False) -> str | None:
    found = pattern.search(text)
    return None if found is None else found.group(0 if whole else 1).strip(" \"“”「」'").removesuffix("了")
