"""sources.py -- The project's own files and the little that the style checks read out of them."""

import dataclasses
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ("dataplane", "sched", "ctrl", "probes")


def tracked_files() -> list[pathlib.Path]:
    """Every file of the project, relative to its root; without git, every file outside build directories."""
    # New files count before they are committed; the owner of the checkout may not be the one who runs the tests.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.split("\0") if name]
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    paths = (pathlib.Path(name) for name in names if not name.startswith(("build", ".git/")))
    return sorted(path for path in paths if (ROOT / path).is_file())


FILES = tracked_files()
CPP = [path for path in FILES if path.suffix in (".h", ".cc")]
PYTHON = [path for path in FILES if path.suffix == ".py"]
LIBRARY = [path for path in CPP if path.parts[0] in LAYERS]


def text(path: pathlib.Path) -> str:
    return (ROOT / path).read_text(errors="replace")


def code_only(source: str) -> str:
    """The C++ text with comments and literals blanked out, line by line in place."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group()), source, flags=re.DOTALL)


def includes(path: pathlib.Path) -> list[str]:
    """What the file includes, quotes or angle brackets stripped."""
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text(path), re.MULTILINE)


def essay(path: pathlib.Path) -> str:
    """The comment at the top of the file."""
    lines = []
    for line in text(path).splitlines():
        if not line.startswith("//"):
            break
        lines.append(line)
    return "\n".join(lines)


@dataclasses.dataclass
class Function:
    path: pathlib.Path
    first_line: int
    length: int  # lines, signature's last line and closing brace included


NO_FUNCTION = re.compile(r"\s*(namespace|class|struct|enum|union|extern|if|for|while|switch|do|else|try|catch|#)\b|\s*}")


def functions(path: pathlib.Path) -> list[Function]:
    """Functions of a C++ file that clang-format has laid out: the closing brace stands below the first word."""
    lines = code_only(text(path)).splitlines()
    found: list[Function] = []
    end = -1
    for number, line in enumerate(lines):
        opens = line.rstrip().endswith("{") and "(" in "".join(lines[max(0, number - 8) : number + 1])
        if number <= end or not opens or NO_FUNCTION.match(line) or re.search(r"=\s*{$", line.rstrip()):
            continue
        indent = len(line) - len(line.lstrip())
        close = next((n for n in range(number, len(lines)) if re.match(rf" {{0,{indent}}}}}", lines[n])), None)
        if close is not None:
            found.append(Function(path, number + 1, close - number + 1))
            end = close
    return found


def report(problems: list[str]) -> str:
    return "\n" + "\n".join(problems)
