"""What the demo prints: one row per step, the current one alive on a terminal; plain lines when it is none."""

from __future__ import annotations

import sys

TITLE_WIDTH = 26
MARKS = {True: "ok  ", False: "FAIL", None: "    "}


class Screen:
    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._title = ""

    def begin(self, title: str) -> None:
        self._title = title
        self.live("...")

    def live(self, text: str) -> None:
        """Shows what happens right now in the step's row; plain output has no use for it."""
        if self._is_terminal:
            print(f"\r\033[K     {self._title:{TITLE_WIDTH}}{text}", end="", flush=True)

    def end(self, text: str, good: bool | None = None) -> None:
        start = "\r\033[K" if self._is_terminal else ""
        print(f"{start}{MARKS[good]} {self._title:{TITLE_WIDTH}}{text}", flush=True)

    def note(self, text: str) -> None:
        start = "\r\033[K" if self._is_terminal else ""
        print(f"{start}     {'':{TITLE_WIDTH}}{text}", flush=True)
