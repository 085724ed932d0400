"""How a spreadsheet cell's number looks: dates, percentages, decimals, currencies; knows no file format.

A deliberate part of the language of number formats (ECMA-376 part 1, 18.8.31): dates and times become ISO 8601 whatever
their format says, fractions and conditions show the plain number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    14: "yyyy-mm-dd", 15: "yyyy-mm-dd", 16: "yyyy-mm-dd", 17: "yyyy-mm-dd", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm",
    21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss", 48: "0.0E+0", 49: "@",
}  # fmt: skip
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.I)
_DATE_CODES = re.compile(r"[ymdhs]", re.I)
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.I)
_DIGITS = re.compile(r"[0#?][0#?,]*(?:\.([0#?]*))?(,*)(?:E[+-](0+))?", re.I)
# 9999-12-31, and the day that 1900 did not have: Excel counts a 29 February 1900.
_MAX_SERIAL = 2_958_465.999_99
_FALSE_LEAP_DAY = 60
_DAYS_TO_1904 = 1462

# What Excel itself allows.
_MAX_CODE_CHARS = 255

Show = Callable[[float], str]


def plain(number: float) -> str:
    """A number without a format, in 15 significant digits, which hides the noise of binary fractions.

    >>> plain(0.1 + 0.2), plain(1e6), plain(-0.0)
    ('0.3', '1000000', '0')
    """
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.15g}"


@lru_cache(maxsize=1024)
def shower(code: str, from_1904: bool = False) -> Show:
    """A function that shows numbers as the format code asks.

    >>> shower("#,##0.00")(1234.5), shower("0.0%")(0.125), shower("yyyy-mm-dd")(44260)
    ('1,234.50', '12.5%', '2021-03-05')
    """
    sections = _sections(code)
    bare = _LITERAL.sub("", sections[0])
    if _ELAPSED.search(bare):
        return _elapsed
    if _DATE_CODES.search(bare) and not _DIGITS.search(bare):
        return lambda serial: _date(serial, from_1904)
    shows = [_section_shower(section) for section in sections[:3]]

    def show(number: float) -> str:
        if number < 0:
            return shows[1](-number) if len(shows) > 1 else "-" + shows[0](-number)
        return shows[2](number) if number == 0 and len(shows) > 2 else shows[0](number)

    return show


def _sections(code: str) -> list[str]:
    sections, quoted = [""], False
    for sign in code[:_MAX_CODE_CHARS]:
        quoted ^= sign == '"'
        if sign == ";" and not quoted:
            sections.append("")
        else:
            sections[-1] += sign
    return sections


def _section_shower(section: str) -> Show:
    """Show a number that is not negative: literal text around one group of digits."""
    literals: list[str] = []

    def hold(match: re.Match[str]) -> str:
        literals.append(match[1] or match[2] or match[3] or "")
        return f"\ue000{chr(0xE100 + len(literals) - 1)}"

    bare = _LITERAL.sub(hold, section)
    digits = _DIGITS.search(bare)
    if digits is None or "/" in bare or "general" in bare.lower() or "@" in bare:
        # A section of literals only ("-" for zero) shows just those; everything unknown shows the plain number.
        only_literals = bool(section) and not re.search(r"[0#?@/]|general", bare, re.I)
        return (lambda _: _restore(bare, literals)) if only_literals else plain
    before, after = (_restore(part, literals) for part in (bare[: digits.start()], bare[digits.end() :]))
    n_decimals = len(digits[1] or "")
    thousands = "," in digits[0].split(".")[0].rstrip(",")
    scale = 100.0 ** bare.count("%") / 1000.0 ** _n_scaling_commas(digits[0])
    exponent = digits[3] is not None

    def show(number: float) -> str:
        scaled = number * scale
        body = f"{scaled:.{n_decimals}E}" if exponent else f"{scaled:{',' if thousands else ''}.{n_decimals}f}"
        return f"{before}{body}{after}".strip()

    return show


def _n_scaling_commas(digits: str) -> int:
    """Commas at the end of the digits divide by a thousand each: "0,," shows millions."""
    number = re.split("E", digits, flags=re.I)[0]
    return len(number) - len(number.rstrip(","))


def _restore(text: str, literals: list[str]) -> str:
    return re.sub("\ue000(.)", lambda match: literals[ord(match[1]) - 0xE100], text, flags=re.S)


def _date(serial: float, from_1904: bool) -> str:
    if from_1904:
        serial += _DAYS_TO_1904
    if not 0 <= serial <= _MAX_SERIAL:
        return plain(serial)
    seconds = round(serial * 86_400)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if not days:
        return clock
    start = datetime(1899, 12, 31) if days < _FALSE_LEAP_DAY else datetime(1899, 12, 30)
    day = (start + timedelta(days=days)).date().isoformat()
    return f"{day} {clock}" if seconds else day


def _elapsed(serial: float) -> str:
    seconds = round(abs(serial) * 86_400)
    sign = "-" if serial < 0 else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
