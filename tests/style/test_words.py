"""Words: the glossary's, written out, and none that belong on somebody's desk."""

import re

from sources import CPP, FILES, LIBRARY, code_only, report, text

THIS_FILE = "tests/style/test_words.py"
PROSE = [path for path in FILES if path.suffix == ".md"]

# Wrong word -> the glossary's word for it (docs/ARCHITECTURE.md).
GLOSSARY = {
    "backend": "origin",
    "real server": "origin",
    "virtual server": "service",
    "tunnel": "link or path",
    "next hop node": "first segment",
    "hop node": "relay",
    "exit node": "egress",
    "entry node": "ingress",
    "whitelist": "allow list",
    "blacklist": "deny list",
    "forwarding thread": "lcore",
    "worker thread": "lcore",
    "worker core": "lcore",
    "worker lcore": "lcore",
}

# Identifiers that are cut words. Fields of kernel and DPDK structs (after . or ->) are not ours to name.
CUT_WORDS = {
    "addr": "address", "addrs": "addresses", "buf": "buffer", "cb": "callback", "cfg": "config", "cnt": "count",
    "cur": "current", "ctx": "context", "dst": "destination", "hdr": "header", "idx": "index", "len": "length",
    "mgr": "manager", "msg": "message", "num": "count", "pkt": "packet", "pkts": "packets", "prev": "previous",
    "proto": "protocol", "ptr": "pointer", "seq": "sequence", "src": "source", "svc": "service", "tmp": "scratch",
    "val": "value",
}

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:work|root|home)/\w")


def test_glossary_words_only():
    wrong = []
    for path in CPP + PROSE:
        for number, line in enumerate(text(path).splitlines(), 1):
            for word, better in GLOSSARY.items():
                if re.search(rf"\b{word}s?\b", line, re.IGNORECASE):
                    wrong.append(f"{path}:{number}: '{word}'; the word for it is {better}")
    assert not wrong, report(wrong)


def test_worker_means_a_placement_agent():
    wrong = [
        f"{path}: 'worker' is a placement agent, a forwarding thread is an lcore"
        for path in LIBRARY
        if path.parts[0] in ("dataplane", "probes") and re.search(r"worker", text(path), re.IGNORECASE)
    ]
    assert not wrong, report(wrong)


def test_identifiers_are_written_out():
    cut = re.compile(rf"(?<![\w.:>])({'|'.join(CUT_WORDS)})\b(?!\s*\()")
    wrong = []
    for path in CPP:
        for number, line in enumerate(code_only(text(path)).splitlines(), 1):
            for match in cut.finditer(line):
                wrong.append(f"{path}:{number}: {match.group(1)} -> {CUT_WORDS[match.group(1)]}")
    assert not wrong, report(wrong)


def test_nothing_is_marked_unfinished():
    wrong = [
        f"{path}:{number}: {line.strip()}"
        for path in FILES
        if str(path) != THIS_FILE and path.suffix != ".png"  # a picture's bytes may spell anything
        for number, line in enumerate(text(path).splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not wrong, report(wrong)


def test_no_paths_of_one_machine():
    wrong = [
        f"{path}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(text(path).splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert not wrong, report(wrong)
