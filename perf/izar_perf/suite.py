"""suite.py -- What a suite is: a module with these names, found by its file in suites/."""

import dataclasses
import pathlib
import subprocess
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A row of a suite's JSON: units are in the key names, and what could not be measured is None.
Row = dict[str, typing.Any]


class SuiteFailed(Exception):
    """A measurement that could not be made. The text says what to do."""


@dataclasses.dataclass
class Context:
    """What a suite is given."""

    build: pathlib.Path
    runs: int
    quick: bool
    seed: int
    trial_ms: int = 10  # of one trial of a rate search
    base: str | None = None  # what suite diff compares with
    only: dict[str, str] = dataclasses.field(default_factory=dict)  # key -> value that a scenario has to have

    def program(self, path: str) -> str:
        """A program of the build, by its path in the build directory."""
        found = self.build / path
        if not found.exists():
            raise SuiteFailed(f"{found} does not exist; run without --build, or build it: ninja -C {self.build}")
        return str(found)

    def chosen(self, scenarios: list[dict]) -> list[dict]:
        """Those that `only` leaves."""
        left = [each for each in scenarios if all(str(each.get(key)) == value for key, value in self.only.items())]
        if not left:
            raise SuiteFailed(f"no scenario has {self.only}; keys are {sorted(set().union(*scenarios))}")
        return left

    def capture(self, command: list[str], timeout_s: float = 600, **options) -> str:
        """The standard output of a program that has to succeed."""
        try:
            result = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT, check=False,
                start_new_session=True, **options
            )
        except FileNotFoundError as error:
            raise SuiteFailed(f"{command[0]} is not installed; run tools/install") from error
        except subprocess.TimeoutExpired as error:
            raise SuiteFailed(f"{' '.join(command)} did not end within {timeout_s:.0f} s") from error
        if result.returncode != 0:
            raise SuiteFailed(f"{' '.join(command)} failed with {result.returncode}:\n{result.stderr.strip()}")
        return result.stdout


@dataclasses.dataclass
class Column:
    """A column of the table for people."""

    key: str
    title: str
    form: str = "{}"


class Suite(typing.Protocol):
    """The names a module of suites/ has."""

    SUMMARY: str  # one line
    KEYS: tuple[str, ...]  # of every row
    COLUMNS: tuple[Column, ...]
    TARGETS: tuple[str, ...]  # what ninja has to build, by path in the build directory

    @staticmethod
    def measure(context: Context) -> list[Row]: ...
