"""How an amount of money is told: exact, short enough for a phone, in the habit of the language."""

from decimal import Decimal

from bot.wording.sentences import Language, word

_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_WAN, _YI = Decimal(10_000), Decimal(100_000_000)


def money(amount: Decimal, currency: str, lang: Language) -> str:
    """48万, 8.5万美元, ¥8,600 in Chinese; ¥480,000, $85,000, SGD 85,000 in English. Never rounded."""
    if lang == "zh" and abs(amount) >= _WAN:
        short = _in_ten_thousands(amount)
        if short is not None:
            return short if currency == "CNY" else short + (word("currency", currency, "zh") or f" {currency}")
    sign = _SIGNS.get(currency, f"{currency} ")
    if currency == "JPY":
        sign = "JP¥"
    return f"{'-' if amount < 0 else ''}{sign}{_plain(abs(amount))}"


def _in_ten_thousands(amount: Decimal) -> str | None:
    """The amount in 亿 or 万 with at most two decimals, or None where that would round."""
    for unit, name in ((_YI, "亿"), (_WAN, "万")):
        count = amount / unit
        if abs(count) >= 1 and count * 100 == (count * 100).to_integral_value():
            return f"{_trimmed(count)}{name}"
    return None


def _plain(amount: Decimal) -> str:
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def _trimmed(number: Decimal) -> str:
    text = f"{number:,.2f}"
    return text.rstrip("0").rstrip(".")
