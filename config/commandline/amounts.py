"""Numbers and times as a person writes them. `--json` has them exactly."""

from datetime import UTC, datetime

NOTHING = "-"
_SIZES = ("bytes", "kB", "MB", "GB", "TB", "PB")


def percent(part: float | None) -> str:
    """A part of one: 0.857 is 86 %. Only all is 100 %, and only nothing is 0 %."""
    if part is None:
        return NOTHING
    value = part * 100
    if 0 < value < 1 or 99 < value < 100:
        return f"{min(max(value, 0.1), 99.9):.1f} %"
    return f"{value:.0f} %"


def dollars(micros: int | None) -> str:
    """Micro-dollars: to the cent, below ten cents to two digits that say something."""
    if micros is None:
        return NOTHING
    digits = len(str(abs(micros)))
    places = max(2, min(8 - digits, 6)) if micros else 2
    return f"{'-' if micros < 0 else ''}${abs(micros) / 1_000_000:,.{places}f}"


def size(count: int | None) -> str:
    """Bytes, in thousands."""
    if count is None:
        return NOTHING
    value, unit = float(count), 0
    while value >= 999.95 and unit < len(_SIZES) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:,.1f} {_SIZES[unit]}" if unit else f"{count} {_SIZES[0]}"


def duration(seconds: float | None) -> str:
    """A span, in the two units that say most."""
    if seconds is None:
        return NOTHING
    if seconds < 60:
        return f"{seconds * 1000:.0f} ms" if 0 < seconds < 1 else f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    for unit, larger, smaller in ((86400, "d", "h"), (3600, "h", "min"), (60, "min", "s")):
        if whole >= unit:
            rest = whole % unit // {"h": 3600, "min": 60, "s": 1}[smaller]
            return f"{whole // unit} {larger}" + (f" {rest} {smaller}" if rest else "")
    return NOTHING


def moment(time: datetime | None) -> str:
    """A time to the second, in UTC as all that is recorded."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if time else NOTHING
