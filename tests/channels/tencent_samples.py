"""Replies as Parley gives them, whose WeCom and WeChat forms are kept in tests/golden; running this writes them anew.

python -m tests.channels.tencent_samples
"""

import json
from dataclasses import replace
from pathlib import Path

from bot.channels import wechat_render, wecom_render
from bot.message import Button, Card, Reply

GOLDEN = Path(__file__).parent.parent / "golden"

_CONFIRM = Card(
    title="确认修改:华康医疗",
    lines=("金额超过 50 万元,需要确认",),
    facts=(("原来", "¥480,000"), ("改为", "¥600,000"), ("谁能确认", "本人或经理")),
    quote="合同金额超过五十万元的,由本人再次确认。",
    source="审批规定 2.1",
    note="周五 18:00 前有效",
    buttons=(Button("yes-1", "确认", "primary"), Button("no-1", "取消", "danger")),
    view_of="proposal:P-1",
)

SAMPLES: dict[str, Reply] = {
    "answer_zh": Reply("收到。华康医疗的商机目前在方案阶段,金额 48 万元。", "zh"),
    "answer_en": Reply("Got it. The deal is in proposal, CNY 480,000.", "en"),
    "advice_zh": Reply(
        "客户在犹豫:先问清顾虑。",
        "zh",
        Card(
            title="华康医疗:再考虑一下",
            lines=("客户说“再考虑一下”,多半是顾虑没说出口。", "建议:先问清顾虑,再约一个具体的时间。"),
            facts=(("商机", "年度设备维保"), ("阶段", "方案")),
            quote="客户犹豫时,不要立刻让价。\n先问:“是哪一点还需要再看看?”",
            source="销售手册 · 异议处理 · 第 2 节",
        ),
    ),
    "confirmation_zh": Reply("确认修改?", "zh", _CONFIRM),
    "settled_zh": Reply("已确认", "zh", replace(_CONFIRM, title="已确认 ✓", quote=None, source=None, note=None, buttons=())),
    "confirmation_with_much_to_read_en": Reply(
        "Please confirm: raise the amount to CNY 600,000.",
        "en",
        Card(
            title="Confirm: change the amount",
            lines=("Amount: CNY 480,000 → CNY 600,000",),
            facts=(
                ("Read from", "“make it 600k” – update amount, 0.94"),
                ("Rule", "contracts above CNY 500,000 need a second look by a person"),
                ("Who may confirm", "the region's manager or the director"),
            ),
            note="Expires on Friday, 18:00.",
            buttons=(Button("yes-1", "Confirm", "primary"), Button("no-1", "Refuse", "danger")),
            view_of="proposal:P-1",
        ),
    ),
    "which_company_zh": Reply(
        "是哪一家?",
        "zh",
        Card(
            title="是哪一家?",
            buttons=(
                Button("c-1", "海川科技发展(苏州)有限公司"),
                Button("c-2", "海川科技发展(无锡)有限公司"),
            ),
        ),
    ),
    "hostile_text": Reply(
        "hello",
        "en",
        Card(
            title="<@all> [your bank](http://evil.test)",
            lines=('<a href="http://evil.test">pay here</a>', "5 < 6"),
            facts=(("<font>", "<@zhang>"), ("", " ")),
            quote="one\n\n<!-- two -->",
            source="[x](http://evil.test)",
            buttons=(Button("b-1", "<@li>"),),
        ),
    ),
    "largest": Reply(
        "很长的说明。" * 1500,
        "zh",
        Card(
            title="标题" * 200,
            lines=("一行很长的文字,带 <b> 和 👨‍👩‍👧‍👦。" * 20,) * 5,
            facts=tuple((f"标签{number}" * 10, "数值 " * 50) for number in range(12)),
            quote="引用的一段话,很长很长。\n" * 50,
            source="来源" * 100,
            note="备注 " * 100,
            buttons=tuple(Button(f"b-{number}", f"{number} 很长的按钮名字" * 5, "primary") for number in range(6)),
        ),
    ),
    "long_text_zh": Reply("很长的说明,一句接着一句。" * 300, "zh"),
}


def in_wecom(reply: Reply) -> str:
    """Every message that a person and a group would get, and the card after a redraw."""
    pieces = wecom_render.split(reply)
    forms = {
        "person": [wecom_render.render(piece, wecom_render.task_id(f"k/{n}")) for n, piece in enumerate(pieces, 1)],
        "group": [wecom_render.render_for_group(piece) for piece in pieces],
    }
    if reply.card is not None:
        forms["redrawn"] = [wecom_render.button_card(reply.card, reply.lang, "p-1")]
    return json.dumps(forms, ensure_ascii=False, indent=1) + "\n"


def in_wechat(reply: Reply) -> str:
    return "\n———\n".join(wechat_render.render(piece) for piece in wechat_render.split(reply)) + "\n"


if __name__ == "__main__":
    for channel, suffix, form in (("wecom", "json", in_wecom), ("wechat", "txt", in_wechat)):
        folder = GOLDEN / channel
        folder.mkdir(parents=True, exist_ok=True)
        for name, reply in SAMPLES.items():
            (folder / f"{name}.{suffix}").write_text(form(reply), encoding="utf-8")
