"""Dates and times in a sentence, absolute and relative to `today`, in English and Chinese."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

from actionry.models.rehearsal.numbers import chinese_number

Precision = Literal["day", "month", "year", "time", "minute"]


@dataclass(frozen=True, slots=True)
class Moment:
    """`day` and/or `clock`; `precision` "minute" has both."""

    start: int
    end: int
    precision: Precision
    day: date | None = None
    clock: time | None = None
    relative: bool = False
    day_hint: date | None = None
    """Of a time alone: the day that was named before it ("from 2 pm to 4 pm" of one day)."""


_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_DAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_DAYS |= {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
_CHINESE_DAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}

_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_ISO = re.compile(
    r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)(?:[T "
    r"](?P<clock>\d{1,2}:\d{2}(?::\d{2})?)(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_SLASHED = re.compile(r"(?<![\d/.-])(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-](?P<year>\d{4}|\d{2})(?![\d/])")
_MONTH_DAY = re.compile(
    rf"\b{_MONTH}\s?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:(?:\s*,\s*|\s+)(?P<year>\d{{4}})\b)?", re.IGNORECASE
)
_DAY_MONTH = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:(?:\s*,\s*|\s+)(?:of\s+)?(?P<year>\d{{4}}))?\b",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(rf"\b{_MONTH},?\s+(?:of\s+)?(?P<year>\d{{4}})\b", re.IGNORECASE)
_YEAR_MONTH = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d{2})-(?P<month>0[1-9]|1[0-2])(?![\d-])")
_RELATIVE = re.compile(
    r"\b(?P<word>the day after tomorrow|day after tomorrow|the day before yesterday|today|tonight"
    r"|tomorrow|yesterday)\b",
    re.IGNORECASE,
)
_IN_DAYS = re.compile(
    r"\bin\s+(?P<count>\d{1,3}|a|one|two|three|four|five|six|seven)\s+(?P<unit>day|week"
    r"|month)s?(?:\s+time)?\b|\b(?P<ago>\d{1,3}|a|one|two|three)\s+(?P<ago_unit>day|week|month"
    r"|year)s?\s+ago\b",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"\b(?:(?P<which>next|this|coming|last|on)\s+)?(?P<day>"
    + "|".join(sorted(_DAYS, key=len, reverse=True))
    + r")s?\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?\s?(?P<half>[aApP])\.?[mM]\b\.?"
    r"|(?<![\d:.])(?P<hour24>\d{1,2}):(?P<minute24>\d{2})(?::(?P<second24>\d{2}))?(?![\d:])"
)
_NOON = re.compile(r"\b(?P<word>noon|midnight)\b", re.IGNORECASE)

_CN = "零〇一二两三四五六七八九十百\\d"
_CHINESE_DATE = re.compile(rf"(?:(?P<year>[{_CN}]{{2,4}})年)?(?P<month>[{_CN}]{{1,3}})月(?P<day>[{_CN}]{{1,3}})[日号]")
_CHINESE_MONTH = re.compile(rf"(?P<year>\d{{4}})年(?P<month>[{_CN}]{{1,3}})月(?!\d)")
_CHINESE_RELATIVE = re.compile("(?P<word>大后天|后天|明天|明日|明晚|今天|今日|今晚|昨天|前天|昨晚|明早|今早)")
_CHINESE_WEEKDAY = re.compile("(?P<which>上|这|本|下下|下)?(?:个)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])")
_CHINESE_LATER = re.compile(
    rf"(?P<count>[{_CN}]{{1,3}})(?P<unit>天|周|个星期|个月)(?P<direction>后|以后|之后|前|以前|之前)"
)
_CHINESE_CLOCK = re.compile(
    rf"(?P<half>上午|下午|晚上|早上|中午|凌晨|傍晚)?(?P<hour>[{_CN}]{{1,3}})[点时](?:(?P<minute>半|一刻|三刻|[{_CN}]{{1,3}}分?))?(?:钟|整)?"
)


def find_moments(text: str, today: date) -> list[Moment]:
    """All dates and times, left to right, the longest reading first; a date and a time next to each other join."""
    found: list[Moment] = []

    def add(moment: Moment | None) -> None:
        if moment is not None and all(moment.end <= other.start or moment.start >= other.end for other in found):
            found.append(moment)

    for finder in (_iso, _slashed, _named, _chinese, _relative, _weekdays, _clocks):
        for moment in finder(text, today):
            add(moment)
    found.sort(key=lambda moment: moment.start)
    return _join(text, found)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _moment(
    start: int, end: int, day: date | None, *, relative: bool = False, precision: Precision = "day"
) -> Moment | None:
    return None if day is None else Moment(start, end, precision, day, relative=relative)


def _iso(text: str, today: date) -> list[Moment | None]:
    found: list[Moment | None] = []
    for match in _ISO.finditer(text):
        day = _day(int(match["year"]), int(match["month"]), int(match["day"]))
        if day is None:
            continue
        clock = _clock_of(match["clock"]) if match["clock"] else None
        found.append(Moment(match.start(), match.end(), "minute" if clock else "day", day, clock))
    found.extend(
        _moment(*match.span(), _day(int(match["year"]), int(match["month"]), 1), precision="month")
        for match in _YEAR_MONTH.finditer(text)
    )
    return found


def _clock_of(written: str) -> time | None:
    try:
        return time.fromisoformat(written if len(written.split(":")[0]) == 2 else "0" + written)
    except ValueError:
        return None


def _slashed(text: str, today: date) -> list[Moment | None]:
    found: list[Moment | None] = []
    for match in _SLASHED.finditer(text):
        first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
        year += 2000 if year < 100 else 0
        # Month first (as most English API examples do) unless it cannot be a month.
        day = _day(year, first, second) if first <= 12 else _day(year, second, first)
        found.append(_moment(*match.span(), day))
    return found


def _named(text: str, today: date) -> list[Moment | None]:
    found: list[Moment | None] = []
    for pattern in (_MONTH_DAY, _DAY_MONTH):
        for match in pattern.finditer(text):
            month = _MONTHS[match["month"].lower()]
            if match["month"] == "may" or (
                match["month"].lower() in ("march", "mar", "sat", "sun") and match["month"].islower()
            ):
                continue
            day = int(match["day"])
            year = int(match["year"]) if match["year"] else _likely_year(month, day, today)
            found.append(_moment(*match.span(), _day(year, month, day)))
    found.extend(
        _moment(*match.span(), _day(int(match["year"]), _MONTHS[match["month"].lower()], 1), precision="month")
        for match in _MONTH_YEAR.finditer(text)
    )
    return found


def _likely_year(month: int, day: int, today: date) -> int:
    """Without a year a date is taken to lie ahead, as most requests plan something."""
    this_year = _day(today.year, month, min(day, 28))
    return today.year if this_year is None or this_year >= today - timedelta(days=31) else today.year + 1


_OFFSETS = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "day after tomorrow": 2,
            "the day after tomorrow": 2,
            "the day before yesterday": -2, "今天": 0, "今日": 0, "今晚": 0, "今早": 0, "明天": 1, "明日": 1, "明晚": 1,
            "明早": 1, "后天": 2, "大后天": 3, "昨天": -1, "昨晚": -1, "前天": -2}  # fmt: skip
_SMALL = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}


def _relative(text: str, today: date) -> list[Moment | None]:
    found: list[Moment | None] = []
    for match in [*_RELATIVE.finditer(text), *_CHINESE_RELATIVE.finditer(text)]:
        day = today + timedelta(days=_OFFSETS[match["word"].lower()])
        found.append(_moment(*match.span(), day, relative=True))
    for match in _IN_DAYS.finditer(text):
        written, unit, sign = (
            (match["count"], match["unit"], 1) if match["count"] else (match["ago"], match["ago_unit"], -1)
        )
        count = int(written) if written.isdigit() else _SMALL[written.lower()]
        found.append(_moment(*match.span(), _shift(today, sign * count, unit.lower()), relative=True))
    return found


def _shift(day: date, count: int, unit: str) -> date | None:
    if unit in ("month", "year"):
        months = day.month - 1 + count * (12 if unit == "year" else 1)
        year, month = day.year + months // 12, months % 12 + 1
        return _day(year, month, min(day.day, calendar.monthrange(year, month)[1])) if 1 <= year <= 9999 else None
    return day + timedelta(days=count * (7 if unit == "week" else 1))


def _weekdays(text: str, today: date) -> list[Moment | None]:
    found: list[Moment | None] = []
    for match in _WEEKDAY.finditer(text):
        low = match["day"].lower()
        if low in ("sun", "sat", "mon", "wed") and match["day"].islower():
            continue
        ahead = (_DAYS[low] - today.weekday()) % 7
        which = (match["which"] or "").lower()
        if which == "last":
            ahead = ahead - 7 if ahead else -7
        elif which in ("next", "coming") and ahead == 0:
            ahead = 7
        start = match.start("day") if which == "on" else match.start()
        found.append(_moment(start, match.end(), today + timedelta(days=ahead), relative=True))
    for match in _CHINESE_WEEKDAY.finditer(text):
        monday = today - timedelta(days=today.weekday())
        weeks = {"上": -1, "下": 1, "下下": 2}.get(match["which"] or "", 0)
        day = monday + timedelta(days=_CHINESE_DAYS[match["day"]], weeks=weeks)
        if match["which"] is None and day < today:
            day += timedelta(weeks=1)
        found.append(_moment(*match.span(), day, relative=True))
    return found


def _chinese(text: str, today: date) -> list[Moment | None]:
    found: list[Moment | None] = []
    for match in _CHINESE_DATE.finditer(text):
        month, day = _numeral(match["month"]), _numeral(match["day"])
        if not (month and day):
            continue
        year = _numeral(match["year"]) if match["year"] else _likely_year(min(month, 12), day, today)
        if year is not None:
            found.append(_moment(*match.span(), _day(year + 2000 if year < 100 else year, month, day)))
    for match in _CHINESE_MONTH.finditer(text):
        month = _numeral(match["month"])
        if month:
            found.append(_moment(*match.span(), _day(int(match["year"]), month, 1), precision="month"))
    for match in _CHINESE_LATER.finditer(text):
        count = _numeral(match["count"])
        if count is None:
            continue
        sign = 1 if "后" in match["direction"] else -1
        unit = {"天": "day", "周": "week", "个星期": "week", "个月": "month"}[match["unit"]]
        found.append(_moment(*match.span(), _shift(today, sign * count, unit), relative=True))
    return found


def _numeral(written: str) -> int | None:
    if written.isdigit():
        return int(written)
    if re.search(r"\d", written):
        return None
    value = chinese_number(written)
    return None if value is None else int(value)


def _clocks(text: str, today: date) -> list[Moment | None]:
    found: list[Moment | None] = []
    for match in _CLOCK.finditer(text):
        hour = int(match["hour"] or match["hour24"])
        minute = int(match["minute"] or match["minute24"] or 0)
        half = (match["half"] or "").lower()
        if half == "p" and hour < 12:
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
        found.append(_time(match.start(), match.end(), hour, minute))
    found.extend(
        _time(*match.span(), 12 if match["word"].lower() == "noon" else 0, 0) for match in _NOON.finditer(text)
    )
    for match in _CHINESE_CLOCK.finditer(text):
        numeral = _numeral(match["hour"])
        written = match["minute"] or ""
        minute = {"半": 30, "一刻": 15, "三刻": 45, "": 0}.get(written, _numeral(written.rstrip("分")) or 0)
        if numeral is None or (
            numeral <= 12 and not match["half"] and not written and match.group()[-1] == "点" and numeral in (0,)
        ):
            continue
        if match["half"] in ("下午", "晚上", "傍晚", "中午") and 1 <= numeral < 12:
            numeral += 12 if not (match["half"] == "中午" and numeral == 11) else 0
        found.append(_time(*match.span(), numeral, minute))
    return found


def _time(start: int, end: int, hour: int, minute: int) -> Moment | None:
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    return Moment(start, end, "time", clock=time(hour, minute))


_BETWEEN = re.compile(r"^(?:\s|,|at|on|的|@|from){0,3}$")


def _join(text: str, moments: list[Moment]) -> list[Moment]:
    """ "June 1st at 3pm" is one moment; its parts are kept beside it for APIs with two parameters."""
    joined: list[Moment] = []
    for left, right in pairwise(moments):
        between = text[left.end : right.start]
        if not re.fullmatch(r"\s*(?:,|at|on|的|@)?\s*", between):
            continue
        if left.clock is None and left.day and right.clock and right.day is None:
            joined.append(Moment(left.start, right.end, "minute", left.day, right.clock, left.relative))
        elif left.clock and left.day is None and right.day and right.clock is None:
            joined.append(Moment(left.start, right.end, "minute", right.day, left.clock, right.relative))
    hinted: list[Moment] = []
    day: date | None = None
    for moment in moments:
        day = moment.day or day
        alone = moment.clock is not None and moment.day is None
        hinted.append(replace(moment, day_hint=day) if alone else moment)
    return sorted([*hinted, *joined], key=lambda moment: (moment.start, moment.end))


_STRFTIME = (
    ("yyyy", "%Y"), ("yy", "%y"), ("mm", "%m"), ("dd", "%d"), ("hh", "%H"),
)  # fmt: skip
_PATTERN = re.compile(
    r"\b(?:(?:Y{4}|y{4}|YY|yy)[-/.]?(?:MM|mm)(?:[-/.]?(?:DD|dd))?|(?:DD|dd)[-/.](?:MM|mm)[-/.](?:Y{4}"
    r"|y{4}|YY|yy)|(?:MM|mm)[-/.](?:DD|dd)[-/.](?:Y{4}|y{4}|YY|yy))"
    r"(?P<clock>[T ]['\"]?(?:HH|hh):(?:MM|mm)(?::(?:SS|ss))?)?\b"
)
_EXAMPLE = re.compile(
    r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{4}/\d{2}/\d{2}|\d{2}/\d{2}/\d{4})(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?(?!\d)"
)


def date_pattern(description: str) -> str | None:
    """The strftime pattern a description asks for: "in the format MM-DD-YYYY" -> "%m-%d-%Y"; None: it names none."""
    match = _PATTERN.search(description)
    if match:
        written, clock = match.group(), match["clock"] or ""
        pattern = written[: len(written) - len(clock)].lower()
        for letters, directive in _STRFTIME:
            pattern = pattern.replace(letters, directive)
        if clock:
            pattern += clock[0] + ("%H:%M:%S" if clock.count(":") == 2 else "%H:%M")
        return pattern
    example = _EXAMPLE.search(description)
    if example is None:
        return "%Y-%m-%d" if re.search(r"\bISO[ -]?8601\b", description, re.IGNORECASE) else None
    written = example.group()
    pattern = "%m/%d/%Y" if written[2] == "/" else "%Y/%m/%d" if written[4] == "/" else "%Y-%m-%d"
    if len(written) > 10:
        pattern += (
            written[10] + ("%H:%M:%S" if written.count(":") == 2 else "%H:%M") + ("Z" if written.endswith("Z") else "")
        )
    return pattern


def write_moment(moment: Moment, pattern: str) -> str:
    day = moment.day or date(1900, 1, 1)
    return datetime.combine(day, moment.clock or time()).strftime(pattern)
