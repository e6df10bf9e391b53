"""The harness is imported as perf/run imports it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "perf"))
