"""Asking izar-edge's shell over its control socket: a line out; "STATUS LENGTH" and LENGTH bytes back."""

from __future__ import annotations

import socket
from pathlib import Path

from izar_lab.errors import LabError

ANSWER_TIMEOUT_S = 10.0


def ask(path: Path, line: str) -> str:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(line.encode() + b"\n")
            with connection.makefile("rb") as answer:
                status, length = answer.readline().split()
                text = answer.read(int(length)).decode()
    except (OSError, ValueError) as error:
        raise LabError(f"izar-edge does not answer at {path}: {error}") from error
    if status != b"0":
        raise LabError(f"{line}: {text.strip()}")
    return text


def answers(path: Path) -> bool:
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            return True
        except OSError:
            return False
