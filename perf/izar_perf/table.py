"""table.py -- Rows as a table for people."""

from collections.abc import Sequence

from izar_perf.suite import Column, Row


def cell(row: Row, column: Column) -> str:
    value = row.get(column.key)
    return "-" if value is None else column.form.format(value)


def render(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Numbers to the right, words to the left, two spaces between."""
    lines = [[column.title for column in columns]] + [[cell(row, column) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    numeric = [any(isinstance(row.get(column.key), (int, float)) for row in rows) for column in columns]

    def aligned(line: list[str]) -> str:
        cells = [text.rjust(w) if right else text.ljust(w) for text, w, right in zip(line, widths, numeric)]
        return "  ".join(cells).rstrip()

    return "\n".join(aligned(line) for line in lines)
