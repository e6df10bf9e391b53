"""diff.py -- What a change costs or saves: the merge base with BASE and the working tree, measured in turn (A B A B ...).

    sudo perf/run diff BASE [--runs N] [--only role=relay]

One ratio a pair of neighbouring runs, so that what drifts over minutes is in both; their geometric mean with its 95 % confidence
interval (bootstrap over the pairs) is the answer. `differs` is true where the interval leaves 1 out. Without BASE the
build is compared with itself: a ratio away from 1 is then the machine's.
"""

import json
import os
import pathlib
import subprocess

from izar_perf import build
from izar_perf.rig import PROGRAM
from izar_perf.statistics import median, ratio_with_confidence
from izar_perf.suite import ROOT, Column, Context, Row, SuiteFailed

SUMMARY = "a change against its merge base with BASE: cycle ratios with confidence (perf/run diff BASE)"
KEYS = ("role", "security", "flows", "frame_bytes", "base", "base_cycles", "head_cycles", "ratio", "ratio_low", "ratio_high",
        "differs", "pairs", "void_runs")
COLUMNS = (
    Column("role", "role"),
    Column("security", "security"),
    Column("flows", "flows"),
    Column("frame_bytes", "bytes"),
    Column("base_cycles", "base cycles/packet", "{:.1f}"),
    Column("head_cycles", "head", "{:.1f}"),
    Column("ratio", "head / base", "{:.3f}"),
    Column("ratio_low", "from", "{:.3f}"),
    Column("ratio_high", "to", "{:.3f}"),
    Column("differs", "differs"),
    Column("pairs", "pairs"),
)
TARGETS = (PROGRAM,)
SCENARIOS = [{"role": role, "security": security, "flows": flows, "frame_bytes": 64}
             for role, security, flows in (("ingress", "none", 1_000), ("relay", "none", 1_000), ("egress", "none", 1_000),
                                           ("egress", "none", 1_000_000), ("relay", "aes-gcm", 1_000))]


def git(*arguments: str) -> str:
    command = ["git", "-c", "safe.directory=*", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SuiteFailed(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout.strip()


def build_of(commit: str) -> pathlib.Path:
    """The release build of a commit, made in a folder of its own that is kept for the next time."""
    folder = ROOT / f"build-base-{commit[:12]}"
    source = folder / "source"
    if not source.exists():
        source.mkdir(parents=True)
        archive = folder / "source.tar"
        git("archive", "--output", str(archive), commit)
        subprocess.run(["tar", "-xf", str(archive), "-C", str(source)], check=True)
        archive.unlink()
    # With a compiler cache, what did not change is not compiled again.
    os.environ["CCACHE_BASEDIR"] = str(source)
    return build.release(TARGETS, source)


def cycles(context: Context, folder: pathlib.Path, scenario: dict) -> float | None:
    """Cycles per packet of one run of one build; None if its counters differ."""
    command = [str(folder / PROGRAM), "--runs", "1", "--trial-ms", "50" if context.quick else "300"]
    for key, value in scenario.items():
        command += [f"--{key.replace('_', '-')}", str(value)]
    trials = json.loads(context.capture(command))["trials"]
    own = next(trial for trial in trials if trial["system"] == "izar")
    return own["cycles_per_packet"] if own["accounted"] else None


def measure_scenario(context: Context, base: str, folders: dict[str, pathlib.Path], scenario: dict) -> Row:
    pairs: list[tuple[float, float]] = []
    void = 0
    for at in range(context.runs):
        order = ("base", "head") if at % 2 == 0 else ("head", "base")
        seen = {name: cycles(context, folders[name], scenario) for name in order}
        if None in seen.values():
            void += 1
        else:
            pairs.append((seen["base"], seen["head"]))
    if not pairs:
        raise SuiteFailed(f"{scenario}: every run is void, because counters of generator and node differ")
    ratio, low, high = ratio_with_confidence(pairs, context.seed)
    return scenario | {
        "base": base,
        "base_cycles": median([pair[0] for pair in pairs], 1),
        "head_cycles": median([pair[1] for pair in pairs], 1),
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high,
        "differs": None if low is None else not low <= 1 <= high,
        "pairs": len(pairs),
        "void_runs": void,
    }


def measure(context: Context) -> list[Row]:
    if context.base is None:
        base, folders = "the build itself", {"base": context.build, "head": context.build}
    else:
        base = git("merge-base", context.base, "HEAD")
        folders = {"base": build_of(base), "head": context.build}
    chosen = context.chosen(SCENARIOS[:1] if context.quick else SCENARIOS)
    return [measure_scenario(context, base, folders, scenario) for scenario in chosen]
