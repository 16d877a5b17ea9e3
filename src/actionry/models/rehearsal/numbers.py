"""Numbers in a sentence: digits, words, Chinese numerals, percent, money and units, each with the text it stands in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from actionry.models.rehearsal import lexicon
from actionry.models.rehearsal.lexicon import words_in
from actionry.models.rehearsal.words import Token, stem


@dataclass(frozen=True, slots=True)
class Number:
    value: int | float
    unit: str
    """As the sentence writes it, lower case; "" when there is none."""
    dimension: str
    """`length`, `money`, `percent` …, or "" """
    factor: float
    """To the dimension's base unit."""
    ordinal: bool
    start: int
    end: int
    bare_end: int
    """End of the digits or number words alone, before the unit."""
    in_words: bool = False
    """Written in words ("two"), which often only counts what follows."""


_ONES = dict(
    zip(
        words_in(
            """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen
    """
        ),
        range(20),
        strict=True,
    )
)
_TENS = dict(
    zip(
        words_in(
            """
    twenty thirty forty fifty sixty seventy eighty ninety
    """
        ),
        range(20, 100, 10),
        strict=True,
    )
)
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_SUFFIXES = {"k": 1_000, "m": 10**6, "million": 10**6, "bn": 10**9, "b": 10**9, "billion": 10**9,
             "thousand": 1_000, "trillion": 10**12, "hundred": 100, "dozen": 12, "mn": 10**6}  # fmt: skip
_ORDINALS = dict(
    zip(
        words_in(
            """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
    """
        ),
        range(1, 13),
        strict=True,
    )
)
_CHINESE_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7,
                   "八": 8, "九": 9, "俩": 2, "仨": 3}  # fmt: skip
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 10**8}
_CHINESE_NUMERAL = "".join(_CHINESE_DIGITS) + "".join(_CHINESE_SCALES) + "半"
_CHINESE_COUNTERS = (
    "个只条张件份本台辆次位人名间套瓶杯盒包斤篇首部部门岁号页行列票道种项所家"
    "天年月周晚小分秒元块美欧公千米克度楼层室期届章集"
)

_DIGITS = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<currency>US\$"
    r"|[$€£¥])?\s?(?P<sign>[-+−])?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?"
    r"|\.\d+)"
    r"(?:(?P<exponent>[eE][-+]?\d+)(?![A-Za-z])|\s?[x×*]\s?10\s?\^\s?\(?(?P<power>[-+−]?\d+)\)?)?"
)
_UNIT_AFTER = re.compile(
    r"(?:\s?-\s?|\s{0,2})(?P<unit>%|°\s?[CFcf]?|℃|℉"
    r"|[A-Za-zμΩ°]+(?:\s?[/·]\s?[A-Za-z]+)?(?:\^?[23²³](?![0-9]))?|\$|€|£)"
)
_CHINESE_UNIT_AFTER = re.compile(
    "|".join(sorted((re.escape(u) for u in lexicon.UNITS if re.match("[㐀-鿿]", u)), key=len, reverse=True))
)
_SPEAKS_OF_HEAT = re.compile(r"\b(?:kelvin|temperature|heat|thermal|gas|entropy|pressure)\b", re.IGNORECASE)
_ORDINAL_AFTER = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)


def find_numbers(text: str, tokens: Sequence[Token]) -> list[Number]:
    """Every number of the sentence, left to right; overlapping readings are not returned."""
    found = _in_digits(text)
    taken = [(number.start, number.end) for number in found]

    def free(start: int, end: int) -> bool:
        return all(end <= left or start >= right for left, right in taken)

    others = [*_in_words(text, tokens), *_in_chinese(text)]
    found += [number for number in others if free(number.start, number.end)]
    return sorted(found, key=lambda number: number.start)


def _in_digits(text: str) -> list[Number]:
    found: list[Number] = []
    for match in _DIGITS.finditer(text):
        digits = match["number"].replace(",", "")
        if len(digits) > 60:
            continue
        start, end = match.span()
        start += len(match.group()) - len(match.group().lstrip())
        value: int | float = float(digits) if "." in digits else int(digits)
        if match["exponent"]:
            value = float(digits + match["exponent"])
        elif match["power"]:
            power = int(match["power"].replace("−", "-")[:4])
            value = value * 10**power if 0 <= power <= 300 else float(f"{digits}e{max(power, -320)}")
        if match["sign"] in ("-", "−"):
            # A hyphen between a word or a number and a number is a range or a name, not a sign.
            before = text[: match.start("sign")].rstrip()
            glued = match.start("sign") > 0 and (
                text[match.start("sign") - 1].isalnum() or text[match.start("sign") - 1] in ")]"
            )
            if not glued or before.endswith(("=", ":", "(", "[", ",")):
                value = -value
            else:
                start = match.start("number")
        found.append(_with_unit(text, value, match["currency"], start, end))
    return found


def _with_unit(text: str, value: int | float, currency: str | None, start: int, end: int) -> Number:
    bare_end = end
    ordinal = _ORDINAL_AFTER.match(text, end)
    if ordinal and isinstance(value, int):
        century = re.match(r"\s+century\b", text[ordinal.end() : ordinal.end() + 10])
        end = ordinal.end() + (century.end() if century else 0)
        return Number(value, "century" if century else "", "", 1.0, True, start, end, ordinal.end())
    if text[end : end + 1] == "K" and not currency and _SPEAKS_OF_HEAT.search(text):
        return Number(value, "kelvin", "temperature", 1.0, False, start, end + 1, bare_end)
    scale = re.compile(r"\s?(k|m|bn|b|mn|million|billion|thousand|trillion|hundred|dozen)\b", re.IGNORECASE).match(
        text, end
    )
    if scale and (len(scale[1]) > 1 or scale[1] in "kK" or currency):
        factor = _SUFFIXES[scale[1].lower()]
        if not (scale[1] in ("m",) and not currency):
            value = _tidy(value * factor)
            bare_end = end = scale.end()
    if text[end : end + 1] in ("万", "亿", "千", "百"):
        value = _tidy(value * _CHINESE_SCALES[text[end]])
        bare_end = end = end + 1
    if currency:
        unit = currency.lower()
        dimension, factor_to_base = lexicon.UNITS.get(unit, ("money", 1.0))
        return Number(value, unit, dimension, factor_to_base, False, start, end, bare_end)
    unit, dimension, factor_to_base, unit_end = read_unit(text, end)
    return Number(value, unit, dimension, factor_to_base, False, start, unit_end, bare_end)


def read_unit(text: str, position: int) -> tuple[str, str, float, int]:
    """(unit, dimension, factor, end) of the unit that stands at `position`; ("", "", 1.0, position) when none does."""
    rest = text[position : position + 40].lower()
    trimmed = rest.lstrip(" -")
    skipped = len(rest) - len(trimmed)
    if skipped <= 2:
        for phrase, unit in lexicon.COMPOUND_UNITS.items():
            if trimmed.startswith(phrase) and not trimmed[len(phrase) : len(phrase) + 1].isalnum():
                return unit, *lexicon.UNITS[unit], position + skipped + len(phrase)
    chinese = _CHINESE_UNIT_AFTER.match(text, position + (1 if rest.startswith(" ") else 0))
    if chinese:
        return chinese.group(), *lexicon.UNITS[chinese.group()], chinese.end()
    match = _UNIT_AFTER.match(text, position)
    if match is None:
        return "", "", 1.0, position
    written = match["unit"].replace(" ", "")
    low = written.lower()
    for candidate in (low, stem(low), low.rstrip("s")):
        if candidate in lexicon.UNITS:
            # One letter is a unit only when it is glued to the digits ("298K", "5C"), so that "5 a day" stays a count.
            if (
                len(candidate) == 1
                and match.start("unit") != position
                and written not in ("J", "N", "V", "A", "W", "K", "C", "F")
            ):
                break
            return candidate, *lexicon.UNITS[candidate], match.end()
    return "", "", 1.0, position


def _tidy(value: float) -> int | float:
    rounded = round(value, 9)
    return int(rounded) if float(rounded).is_integer() and abs(rounded) < 1e15 else rounded


def _in_words(text: str, tokens: Sequence[Token]) -> list[Number]:
    """ "twenty-five", "one hundred and five", "two dozen", "third"; a lone "one" or "second" only where it counts."""
    found: list[Number] = []
    index = 0
    while index < len(tokens):
        parsed = _parse_words(tokens, index)
        if parsed is None:
            index += 1
            continue
        value, used, ordinal = parsed
        first, last = tokens[index], tokens[index + used - 1]
        lone = used == 1 and first.low in ("one", "second", "first", "zero")
        follower = tokens[index + used] if index + used < len(tokens) else None
        if lone and not _counts(first, follower, tokens[index - 1] if index else None):
            index += used
            continue
        if ordinal:
            found.append(Number(value, "", "", 1.0, True, first.start, last.end, last.end, True))
        else:
            unit, dimension, factor, end = read_unit(text, last.end)
            found.append(Number(value, unit, dimension, factor, False, first.start, end, last.end, True))
        index += used
    return found


def _counts(word: Token, follower: Token | None, before: Token | None) -> bool:
    if word.low == "one":
        return (
            follower is not None
            and follower.kind == "word"
            and follower.low not in lexicon.FUNCTION_WORDS
            and (
                before is None or before.low not in ("the", "this", "that", "which", "any", "every", "no", "from", "to")
            )
        )
    return word.low in ("first", "second") and follower is not None and follower.kind == "word" and before is not None


def _parse_words(tokens: Sequence[Token], index: int) -> tuple[int, int, bool] | None:
    total = current = used = 0
    ordinal = seen = False
    position = index
    while position < len(tokens) and used < 12:
        low = tokens[position].low
        pieces = low.split("-")
        if (
            low == "and"
            and seen
            and current % 100 == 0
            and position + 1 < len(tokens)
            and _is_small(tokens[position + 1].low)
        ):
            position += 1
            continue
        values = [_small(piece) for piece in pieces]
        if low in _ORDINALS:
            current, ordinal, seen = current + _ORDINALS[low], True, True
            position += 1
            used = position - index
            break
        if all(value is not None for value in values):
            amount = sum(value for value in values if value is not None)
            if seen and current % 100 != 0 and not (current % 10 == 0 and amount < 10):
                break
            current += amount
        elif low in _SCALES and seen:
            current = max(current, 1) * _SCALES[low]
            if low not in ("hundred", "dozen"):
                total, current = total + current, 0
        elif low in ("a", "an") and not seen and position + 1 < len(tokens) and tokens[position + 1].low in _SCALES:
            current = 1
        else:
            break
        seen = True
        position += 1
        used = position - index
    if not seen or used == 0:
        return None
    return total + current, used, ordinal


def _small(word: str) -> int | None:
    return _ONES.get(word, _TENS.get(word))


def _is_small(word: str) -> bool:
    return all(_small(piece) is not None for piece in word.split("-"))


_CHINESE_RUN = re.compile(
    f"(?P<ordinal>第)?(?P<numeral>[{_CHINESE_NUMERAL}]+)(?P<point>点[{''.join(_CHINESE_DIGITS)}]+)?"
)
_CHINESE_PERCENT = re.compile(f"百分之(?P<numeral>[{_CHINESE_NUMERAL}\\d.]+)")


def _in_chinese(text: str) -> list[Number]:
    """ "二十五", "第三", "百分之五", "两瓶"; a lone numeral counts only before a counter, a unit or after 第."""
    found: list[Number] = []
    taken_until = -1
    for match in _CHINESE_PERCENT.finditer(text):
        numeral = match["numeral"]
        value = float(numeral) if re.fullmatch(r"\d+(?:\.\d+)?", numeral) else chinese_number(numeral)
        if value is not None:
            found.append(Number(_tidy(value), "%", "percent", 1.0, False, match.start(), match.end(), match.end()))
    percents = [(number.start, number.end) for number in found]
    for match in _CHINESE_RUN.finditer(text):
        if any(start <= match.start() < end for start, end in percents) or match.start() < taken_until:
            continue
        value = chinese_number(match["numeral"])
        if value is None:
            continue
        if match["point"]:
            value = float(f"{int(value)}." + "".join(str(_CHINESE_DIGITS[c]) for c in match["point"][1:]))
        follower = text[match.end() : match.end() + 1]
        unit, dimension, factor, end = read_unit(text, match.end())
        lone = len(match["numeral"]) == 1 and not match["ordinal"] and not match["point"]
        # "一个" is an article, "两个" a number.
        if lone and not unit and (not follower or follower not in _CHINESE_COUNTERS or match["numeral"] == "一"):
            continue
        ordinal = bool(match["ordinal"])
        found.append(Number(_tidy(value), unit, dimension, factor, ordinal, match.start(), end, match.end()))
    return found


def chinese_number(numeral: str) -> float | None:
    """ "三百二十" -> 320, "二〇二四" -> 2024, "一万五" -> 15000, "半" -> 0.5; None for what is not a number."""
    if not numeral:
        return None
    if numeral == "半":
        return 0.5
    if "半" in numeral or len(numeral) > 20:
        return None
    if all(character in _CHINESE_DIGITS for character in numeral):
        return float(int("".join(str(_CHINESE_DIGITS[character]) for character in numeral)))
    total = section = digit = 0
    last_scale = 1
    for character in numeral:
        if character in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[character]
            continue
        scale = _CHINESE_SCALES[character]
        if scale >= 10_000:
            total = (total + section + digit) * scale
            section = digit = 0
        else:
            section += (digit or 1) * scale
            digit = 0
        last_scale = scale
    if digit and last_scale > 10 and numeral[-2] not in "零〇":
        digit *= last_scale // 10  # 一万五 is 15,000; 三百二 is 320
    return float(total + section + digit)
