"""Days and times by their names: the vocabulary that dates are read with."""

from datetime import date

from intents.wordlist import words

CHINESE_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5} | {
    str(number): number - 1 for number in range(1, 8)
}
CHINESE_DAYS = {
    "大前天": -3,
    "前天": -2,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "今天": 0,
    "今日": 0,
    "今晚": 0,
    "今早": 0,
    "今儿": 0,
    "今儿个": 0,
    "今朝": 0,
    "昨儿": -1,
    "昨儿个": -1,
    "琴日": -1,
    "寻日": -1,
    "尋日": -1,
    "听日": 1,
    "听朝": 1,
    "听晚": 1,
    "明儿个": 1,
    "明天": 1,
    "明日": 1,
    "明早": 1,
    "明晚": 1,
    "明儿": 1,
    "后天": 2,
    "後天": 2,
    "大后天": 3,
}
CHINESE_PARTS = {
    "凌晨": 2,
    "清早": 8,
    "早上": 9,
    "早晨": 9,
    "上午": 9,
    "中午": 12,
    "下午": 14,
    "傍晚": 18,
    "晚上": 19,
    "夜里": 21,
    "上昼": 9,
    "下昼": 14,
    "早": 9,
    "朝": 9,
    "晚": 19,
}
"""The hour meant when only the part of the day is said."""
AFTERNOON_PARTS = frozenset({"下午", "下昼", "傍晚", "晚上", "夜里", "晚", "afternoon", "evening", "night", "tonight"})

ENGLISH_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday mon",
            "tuesday tues tue",
            "wednesday weds wed",
            "thursday thurs thur thu",
            "friday fri",
            "saturday sat",
            "sunday sun",
        ]
    )
    for name in names.split()
}
ENGLISH_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
ENGLISH_DAYS = {
    "the day after tomorrow": 2,
    "day after tomorrow": 2,
    "the day before yesterday": -2,
    "day before yesterday": -2,
    "yesterday": -1,
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "tmrw": 1,
    "tmr": 1,
}
ENGLISH_PARTS = {"morning": 9, "noon": 12, "midday": 12, "lunchtime": 12, "afternoon": 14, "evening": 19, "night": 20}

FIXED_HOLIDAYS = {
    "元旦": (1, 1),
    "五一": (5, 1),
    "劳动节": (5, 1),
    "国庆": (10, 1),
    "十一": (10, 1),
    "圣诞": (12, 25),
    "christmas": (12, 25),
    "xmas": (12, 25),
    "new year": (1, 1),
    "new year's": (1, 1),
}
HOLIDAY_LENGTH = {"元旦": 3, "五一": 5, "劳动节": 5, "国庆": 7, "十一": 7}
"""Days of the public holiday, so that "after it" is a working day."""
SPRING_FESTIVAL_LENGTH = 8

SPRING_FESTIVALS = tuple(
    date.fromisoformat(day)
    for day in words(
        "2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 2030-02-03 2031-01-23 "
        "2032-02-11 2033-01-31 2034-02-19 2035-02-08 2036-01-28 2037-02-15 2038-02-04 2039-01-24 "
        "2040-02-12"
    )
)
"""First day of the first lunar month, from the published calendar; outside these years the festival is not read."""
