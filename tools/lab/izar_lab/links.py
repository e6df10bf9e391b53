"""Settings of emulated links: how people write them (80ms, 1%, 100mbit) and how the emulator takes them."""

from __future__ import annotations

import re
from typing import Any

from izar_lab.errors import LabError

# Keys and units of izar-wan's "set" command (tools/wan_emulator/control.h).
LinkSettings = dict[str, Any]

UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
UNITS_BPS = {"kbit": 1e3, "mbit": 1e6, "gbit": 1e9}
DURATIONS = ("delay", "jitter", "queue", "reorder_hold")
SHARES = ("loss", "duplicate", "reorder")
COUNTS = {"drop_every": "drop_every", "mtu": "mtu_bytes"}  # as written: as the emulator takes them


def parse_duration_ms(text: str) -> float:
    match = re.fullmatch(r"([0-9.]+)(us|ms|s)", text.strip())
    if not match:
        raise LabError(f"{text!r} is no duration; write it like 80ms, 500us or 1s")
    return float(match[1]) * UNITS_MS[match[2]]


def parse_share(text: str) -> float:
    match = re.fullmatch(r"([0-9.]+)(%?)", text.strip())
    share = float(match[1]) / (100 if match[2] else 1) if match else -1
    if not 0 <= share <= 1:
        raise LabError(f"{text!r} is no share; write it like 1% or 0.01")
    return share


def parse_count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        raise LabError(f"{text!r} is no count; write a whole number, or 0 for none")
    return int(text)


def parse_rate_bps(text: str) -> float:
    match = re.fullmatch(r"([0-9.]+)(kbit|mbit|gbit)", text.strip().lower())
    if text.strip() in ("0", "unlimited"):
        return 0
    if not match:
        raise LabError(f"{text!r} is no rate; write it like 100mbit, 1gbit or unlimited")
    return float(match[1]) * UNITS_BPS[match[2]]


def parse_settings(written: dict[str, Any]) -> LinkSettings:
    """{"delay": "80ms", "loss": "1%"} -> {"delay_ms": 80.0, "loss": 0.01}; what is in the emulator's form stays."""
    settings: LinkSettings = {}
    for key, value in written.items():
        if key in DURATIONS:
            settings[f"{key}_ms"] = parse_duration_ms(str(value))
        elif key in SHARES:
            settings[key] = parse_share(str(value))
        elif key in COUNTS or key in COUNTS.values():
            settings[COUNTS.get(key, key)] = parse_count(str(value))
        elif key == "rate":
            settings["rate_bps"] = parse_rate_bps(str(value))
        elif key == "rate_bps" or key.removesuffix("_ms") in DURATIONS or key == "up":
            settings[key] = value
        else:
            raise LabError(f"unknown link setting {key!r}; there are {', '.join((*DURATIONS, *SHARES, *COUNTS))}, rate, up")
    return settings
