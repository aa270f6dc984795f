"""Replies as Parley gives them, whose Slack form is kept in tests/golden/slack; running this module writes those files anew.

python -m tests.channels.slack_samples
"""

import json
from pathlib import Path

from bot.channels.slack_render import render
from bot.message import Button, Card, Reply

GOLDEN = Path(__file__).parent.parent / "golden" / "slack"

SAMPLES: dict[str, Reply] = {
    "answer_zh": Reply("收到。华康医疗的商机目前在方案阶段,金额 48 万元。", "zh"),
    "answer_en": Reply("Got it. The deal is in proposal, CNY 480,000.", "en"),
    "objection_zh": Reply(
        "客户在犹豫:先问清顾虑,再约定下一步。",
        "zh",
        Card(
            title="华康医疗:再考虑一下",
            lines=("客户说“再考虑一下”,多半是顾虑没说出口。", "建议:先问清顾虑,再约一个具体的时间。"),
            facts=(("商机", "年度设备维保"), ("阶段", "方案"), ("金额", "¥480,000"), ("负责人", "示例销售")),
            quote="客户犹豫时,不要立刻让价。\n先问:“是哪一点还需要再看看?”",
            source="销售手册 · 异议处理 · 第 2 节",
            buttons=(
                Button("b-remind", "三天后提醒我", "primary"),
                Button("b-log", "记一次沟通"),
                Button("b-hold", "暂缓商机", "danger"),
            ),
        ),
    ),
    "confirmation_en": Reply(
        "Please confirm: raise the amount from CNY 480,000 to CNY 600,000.",
        "en",
        Card(
            title="Confirm: change the amount",
            lines=("Amount: CNY 480,000 → CNY 600,000",),
            facts=(
                ("Read from", "“make it 600k” – update amount, 0.94"),
                ("Rule", "contracts above CNY 500,000 need a person"),
                ("Who may confirm", "the region's manager"),
            ),
            note="Expires on Friday, 18:00.",
            buttons=(Button("b-yes", "Confirm", "primary"), Button("b-no", "Refuse", "danger")),
            view_of="proposal:P-1",
        ),
    ),
    "hostile_text": Reply(
        "<!channel> & <@U0REP> <https://evil.example|your bank>",
        "en",
        Card(
            title="<!here> & co",
            lines=("<!channel> wake up & <@U0REP>",),
            facts=(("<b>", "<https://evil.example|click>"), ("", "")),
            quote="> already quoted\n\n<!everyone>",
            source="a < b",
            buttons=(Button("b-1", "<!here>"),),
        ),
    ),
    "largest": Reply(
        "很长的说明。" * 2000,
        "zh",
        Card(
            title="标题" * 200,
            lines=("一行很长的文字,带 <尖括号> 和 & 符号。" * 200,) * 10,
            facts=tuple((f"标签{number}" * 40, "数值 <" * 900) for number in range(60)),
            quote="引用的一段话,很长很长。\n" * 500,
            source="来源" * 1500,
            note="备注 & " * 700,
            buttons=tuple(Button(f"b-{number}" + "x" * 50, "一个很长的按钮名字" * 20, "primary") for number in range(6)),
        ),
    ),
}


def shown(reply: Reply) -> str:
    return json.dumps(render(reply), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, reply in SAMPLES.items():
        (GOLDEN / f"{name}.json").write_text(shown(reply), encoding="utf-8")
