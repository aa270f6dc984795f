"""The few words that the Tencent channels add by themselves where the platform cannot show what was meant."""

from typing import Literal

Lang = Literal["zh", "en"]

OPTIONS = {"zh": "回复数字选择：", "en": "Reply with a number:"}
"""Stands above numbered options that take the place of buttons."""

IN_PRIVATE = {
    "zh": "群里不能点按钮，请在与本应用的单聊里办理：",
    "en": "No buttons in a group; message the app directly to:",
}
"""Stands above the options of a card in a WeCom group, where the platform brings no answer back to us."""

SETTLED = {"zh": "已更新", "en": "Updated"}
"""On the grey button of a WeCom card that asks nothing any more; ten characters at most."""

NEW_STATE = {"zh": "以此为准，之前的卡片已失效", "en": "This replaces the earlier card"}
"""Heads a message that takes the place of one that cannot be redrawn."""

SEE_ABOVE = {"zh": "详情见上一条消息", "en": "Details are in the message above"}
"""On a card whose words went ahead in a message of their own."""

SOURCE = {"zh": "来源：", "en": "Source: "}
COLON = {"zh": "：", "en": ": "}
