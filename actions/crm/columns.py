"""What an import or export file may hold: every kind with its columns, the words people head them with, and their order.

Derived from the records themselves, so that a new field is importable the day it is added; import_files and export_files
read it.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sqlalchemy import Table as SqlTable

from actions.crm.own import table_of
from actions.crm.people import CHANNELS
from actions.crm.records import KINDS
from actions.outside.tables import GroupRow, IdentityRow

Shape = Literal["text", "phone", "money", "percent", "currency", "country", "zone", "date", "moment", "flag", "choice"]


@dataclass(frozen=True)
class Column:
    """One column. `points_at` names the kinds whose id stands here; `default` is what an empty cell of a new row means."""

    name: str
    shape: Shape
    is_required: bool = False
    is_optional: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    points_at: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of row. `key` identifies a row; where an id is missing, `natural` are the columns that stand in for it."""

    name: str
    file: str
    table: SqlTable
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ("id",)
    prefix: str = ""
    natural: tuple[str, ...] = ()


_POINTERS: Mapping[str, tuple[str, ...]] = {
    "manager_id": ("employee",),
    "deputy_id": ("employee",),
    "owner_id": ("employee",),
    "employee_id": ("employee",),
    "taken_by": ("employee",),
    "by_id": ("employee", "contact"),
    "opened_by": ("employee", "contact"),
    "person_id": ("employee", "contact"),
    "customer_id": ("customer",),
    "contact_id": ("contact",),
    "deal_id": ("deal",),
    "lead_id": ("lead",),
    "product_id": ("product",),
    "alternative_id": ("product",),
}

_SHAPES: Mapping[str, Shape] = {
    "phone": "phone",
    "amount": "money",
    "price": "money",
    "price_usd": "money",
    "discount": "percent",
    "currency": "currency",
    "country": "country",
    "zone": "zone",
}

_MAY_BE_EMPTY = frozenset({"name_en", "region"})
"""Text that a record always holds and that may hold nothing: a director has no region, a Chinese name may stand alone."""

_CHOICES: Mapping[str, tuple[str, ...]] = {"lang": ("zh", "en"), "waiting_on": ("legal", "materials")}

# in the order in which they must come in: nobody can be pointed at before being there
_LAID_OUT: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "employee": ("employees", "E", ("name", "email")),
    "product": ("products", "P", ("name",)),
    "battle_fact": ("battle_facts", "B", ("competitor", "topic")),
    "customer": ("customers", "C", ("name",)),
    "contact": ("contacts", "K", ("customer_id", "name")),
    "lead": ("leads", "L", ("company", "person", "phone")),
    "deal": ("deals", "D", ("customer_id", "title")),
    "contract": ("contracts", "CT", ("customer_id", "title", "starts")),
    "ticket": ("tickets", "T", ("customer_id", "subject", "opened_at")),
    "activity": ("activities", "A", ("customer_id", "lead_id", "at", "text")),
    "reminder": ("reminders", "R", ("person_id", "due_at", "text")),
    "busy": ("busy", "Y", ("employee_id", "starts")),
}

KIND_WORDS: Mapping[str, str] = {
    "员工": "employee",
    "同事": "employee",
    "产品": "product",
    "价目表": "product",
    "竞品": "battle_fact",
    "客户": "customer",
    "公司": "customer",
    "联系人": "contact",
    "线索": "lead",
    "商机": "deal",
    "合同": "contract",
    "工单": "ticket",
    "活动": "activity",
    "跟进记录": "activity",
    "提醒": "reminder",
    "日程": "busy",
    "账号": "identity",
    "群": "group",
}
"""What a sheet or file may be called in Chinese."""

_TITLES: Mapping[str, str] = {
    "编号": "id",
    "ID": "id",
    "名称": "name",
    "英文名": "name_en",
    "英文名称": "name_en",
    "别名": "aliases",
    "简称": "aliases",
    "角色": "role",
    "区域": "region",
    "大区": "region",
    "上级": "manager_id",
    "经理": "manager_id",
    "代理人": "deputy_id",
    "语言": "lang",
    "时区": "zone",
    "邮箱": "email",
    "电子邮箱": "email",
    "电话": "phone",
    "手机": "phone",
    "手机号": "phone",
    "联系电话": "phone",
    "专长": "expertise",
    "行业": "industry",
    "国家": "country",
    "级别": "tier",
    "等级": "tier",
    "客户等级": "tier",
    "负责人": "owner_id",
    "销售": "owner_id",
    "跟进人": "owner_id",
    "地址": "address",
    "收货地址": "delivery_address",
    "账单地址": "billing_address",
    "税号": "tax_id",
    "开户行": "bank",
    "银行账号": "bank",
    "发票抬头": "invoice_title",
    "创建时间": "created_at",
    "客户": "customer_id",
    "客户名称": "customer_id",
    "客户编号": "customer_id",
    "公司名称": "customer_id",
    "联系人": "contact_id",
    "职务": "title",
    "标题": "title",
    "主要联系人": "is_primary",
    "来源": "source",
    "产品": "product_id",
    "意向产品": "product_id",
    "状态": "state",
    "备注": "note",
    "阶段": "stage",
    "金额": "amount",
    "币种": "currency",
    "折扣": "discount",
    "预计成交日期": "close_date",
    "成交日期": "close_date",
    "暂缓": "held",
    "等待": "waiting_on",
    "阶段开始时间": "stage_since",
    "类别": "category",
    "单位": "unit",
    "价格": "price",
    "单价": "price",
    "美元价": "price_usd",
    "替代产品": "alternative_id",
    "描述": "description",
    "英文描述": "description_en",
    "竞品": "competitor",
    "主题": "topic",
    "我方": "ours",
    "对方": "theirs",
    "日期": "as_of",
    "类型": "kind",
    "内容": "text",
    "严重程度": "severity",
    "处理人": "taken_by",
    "提交人": "opened_by",
    "提交时间": "opened_at",
    "截止时间": "due_at",
    "关闭时间": "closed_at",
    "商机": "deal_id",
    "线索": "lead_id",
    "开始日期": "starts",
    "结束日期": "ends",
    "到期日期": "ends",
    "开始时间": "starts",
    "结束时间": "ends",
    "时间": "at",
    "意图": "intent",
    "动作": "step",
    "同意被提及": "is_reference",
    "参考客户": "is_reference",
    "事项": "what",
    "渠道": "channel",
    "账号": "user",
    "会话": "conversation",
}

_OWN_TITLES: Mapping[str, Mapping[str, str]] = {
    "employee": {"姓名": "name"},
    "customer": {
        "客户": "name",
        "客户名称": "name",
        "公司名称": "name",
        "公司": "name",
        "客户编号": "id",
        "统一社会信用代码": "tax_id",
    },
    "contact": {"姓名": "name", "联系人": "name", "公司": "customer_id", "职位": "title"},
    "lead": {
        "公司": "company",
        "公司名称": "company",
        "客户名称": "company",
        "客户": "company",
        "姓名": "person",
        "联系人": "person",
    },
    "deal": {"商机": "title", "商机名称": "title", "商机编号": "id"},
    "product": {"产品": "name", "产品名称": "name", "产品编号": "id"},
    "battle_fact": {"来源": "source"},
    "ticket": {"主题": "subject", "标题": "subject"},
    "contract": {"合同名称": "title", "合同": "title", "合同编号": "id"},
    "activity": {"记录人": "by_id", "日期": "at"},
    "reminder": {"人员": "person_id", "提醒时间": "due_at"},
    "busy": {"员工": "employee_id", "顾问": "employee_id"},
    "identity": {"人员": "person_id"},
    "group": {"群": "name"},
}
"""Words that mean something else in this kind's own file; they come before the general ones."""


def column_for(kind: Kind, heading: str) -> Column | None:
    """The column a heading stands for: the field's own name, or a Chinese title."""
    word = heading.strip().strip("*﹡").strip()
    name = word.lower().replace(" ", "_").replace("-", "_")
    name = name if name in kind.columns else _OWN_TITLES.get(kind.name, {}).get(word) or _TITLES.get(word, "")
    return kind.columns.get(name)


def kind_for(word: str) -> Kind | None:
    """The kind that a sheet or file of this name holds: `deal`, `Deals`, `商机`."""
    name = word.strip().lower().replace(" ", "_").replace("-", "_")
    for kind in ROW_KINDS.values():
        if name in (kind.name, kind.file):
            return kind
    return ROW_KINDS.get(KIND_WORDS.get(word.strip(), ""))


def _record_kind(name: str) -> Kind:
    file, prefix, natural = _LAID_OUT[name]
    hints = get_type_hints(KINDS[name])
    columns = {field.name: _column(field, hints[field.name]) for field in fields(KINDS[name])}
    return Kind(name, file, table_of(name), columns, prefix=prefix, natural=natural)


def _column(field: Field[Any], hint: Any) -> Column:
    is_optional = get_origin(hint) in (Union, types.UnionType)
    if is_optional:
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    choices = get_args(hint) if get_origin(hint) is Literal else _CHOICES.get(field.name, ())
    by_type = {"date": "date", "datetime": "moment", "bool": "flag", "Decimal": "money"}
    shape = "choice" if choices else _SHAPES.get(field.name) or by_type.get(getattr(hint, "__name__", ""), "text")
    return Column(
        name=field.name,
        shape=shape,  # type: ignore[arg-type]  # by_type holds shapes only
        is_required=field.default is MISSING and field.name not in {"id", *_MAY_BE_EMPTY},
        is_optional=is_optional,
        default=field.default if field.default is not MISSING else "" if field.name in _MAY_BE_EMPTY else None,
        choices=choices,
        points_at=_POINTERS.get(field.name, ()),
    )


def _needed(*columns: Column) -> dict[str, Column]:
    return {column.name: column for column in columns}


_CHANNEL = Column("channel", "choice", is_required=True, choices=CHANNELS)
_IDENTITY = Kind(
    "identity",
    "identities",
    IdentityRow.__table__,  # type: ignore[arg-type]  # declarative models are tables here
    _needed(
        _CHANNEL,
        Column("user", "text", is_required=True),
        Column("person_id", "text", is_required=True, points_at=("employee", "contact")),
    ),
    key=("channel", "user"),
)
_GROUP = Kind(
    "group",
    "groups",
    GroupRow.__table__,  # type: ignore[arg-type]  # declarative models are tables here
    _needed(Column("name", "text", is_required=True), _CHANNEL, Column("conversation", "text", is_required=True)),
    key=("name", "channel"),
)

ROW_KINDS: Mapping[str, Kind] = {name: _record_kind(name) for name in _LAID_OUT} | {"identity": _IDENTITY, "group": _GROUP}
"""Every kind of row that files carry, in the order in which they must come in."""
