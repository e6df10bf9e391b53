"""Reading RTT matrices: one row a line, numbers separated by white space."""

from pathlib import Path

from izar_lab.errors import LabError


def read_matrix(path: Path, rows: list[int]) -> list[list[float]]:
    """The square part of the matrix that the given rows (from 0) and the same columns make, in the file's unit."""
    try:
        lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise LabError(f"cannot read the RTT matrix: {error}") from error
    if rows and max(rows) >= len(lines):
        raise LabError(f"{path} has {len(lines)} rows; row {max(rows)} does not exist")
    try:
        return [[float(lines[i][j]) for j in rows] for i in rows]
    except (ValueError, IndexError) as error:
        raise LabError(f"{path} is no square matrix of numbers: {error}") from error
