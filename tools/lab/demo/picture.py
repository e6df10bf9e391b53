#!/usr/bin/python3
"""picture.py -- Makes the README's picture of what the demo prints: tools/demo | tools/lab/demo/picture.py > FILE.svg"""

from __future__ import annotations

import sys
from xml.sax.saxutils import escape

FONT_PX = 14
LINE_PX = 20
CHARACTER_PX = 8.43  # width of a monospace character of FONT_PX
MARGIN_PX = 16


def svg(lines: list[str]) -> str:
    """The lines as they would stand in a terminal."""
    width = round(max(map(len, lines), default=0) * CHARACTER_PX + 2 * MARGIN_PX)
    height = len(lines) * LINE_PX + 2 * MARGIN_PX
    rows = "\n".join(
        f'<text x="{MARGIN_PX}" y="{MARGIN_PX + FONT_PX + row * LINE_PX}" xml:space="preserve">{escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="monospace" font-size="{FONT_PX}px" fill="#d8dee9">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#20262e"/>\n{rows}\n</svg>\n'
    )


if __name__ == "__main__":
    sys.stdout.write(svg([line.rstrip() for line in sys.stdin]))
