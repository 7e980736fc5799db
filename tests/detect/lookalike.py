# SPDX-License-Identifier: MIT
"""Says TAP of objects that only look like engines, made here from the texts of probes/engines.def.

A tool that knows engines (a profiler, a scanner, a manual) carries a text of each, and the version
that it expects; it is none of them. What carries every text of an engine is taken for it: shown
first, so that silence means something.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import detect
import table

CODES = {"%v": "1.2.3", "%w": "2020-01-02", "%n": "1", "%d": "1", "%*": "x", "%0": "\0",
         "%z": "\0", "%%": "%", "%^": ""}
LITERAL = r'"((?:[^"\\]|\\.)*)"'


def text_of(pattern):
    """A text that the pattern, which stands in C, matches."""
    plain = pattern.encode().decode("unicode_escape")
    return re.sub(r"%[vwnd*0z%^]", lambda code: CODES[code.group()], plain)


def texts_of_rows():
    """{engine: its texts of presence}"""
    whole = (table.TOP / "probes" / "engines.def").read_text()
    rows = re.split(r"^ENGRAFT_(?:BOUND_)?ENGINE", whole, flags=re.M)[1:]
    found = {}
    for row in rows:
        name = re.search(LITERAL, row).group(1)
        presence = row[row.index(".presence"):]
        presence = presence[:presence.index("\n    },")]
        found[name] = ["".join(re.findall(LITERAL, fact.group(1))) for fact in
                       re.finditer(rf"FACT_TEXT,\s*((?:{LITERAL}\s*)+)", presence)]
    return found


def build(directory, name, texts):
    """An object that has these texts, with NULs between them, and as much code as an engine."""
    source = directory / f"{name}.c"
    content = b"".join(b"\0" + text_of(text).encode() + b"\0" for text in texts)
    # What has less code than the smallest engine is none, whatever it says.
    source.write_text("const char texts[] = {" + ",".join(map(str, content)) + ", 0};\n"
                      '__asm__(".text\\n.skip 65536\\n");\n')
    target = directory / f"{name}.so"
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-shared", "-fPIC", "-o", target,
                    source], check=True)
    return target


def names(inspector, path):
    engines, problems = inspector.engines(path)
    return {engine["engine"] for engine in engines} | set(problems)


def main():
    rows = texts_of_rows()
    inspector = detect.Inspector()
    cases = []
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        several = {name: texts for name, texts in rows.items() if len(texts) > 1}
        taken = [name for name, texts in several.items()
                 if names(inspector, build(directory, "all", texts)) == {name}]
        cases.append(detect.Case(f"all texts of an engine are taken for it: {' '.join(taken)}",
                                 [] if len(taken) >= 10 else ["too few: the texts are not right"]))
        found = names(inspector, build(directory, "catalogue", sum(several.values(), [])))
        cases.append(detect.Case("all texts of all engines are a catalogue, and no engine",
                                 [f"taken for: {found}"] if found else []))
        for number in range(2):
            one_each = [texts[number] for texts in rows.values() if len(texts) > number]
            found = names(inspector, build(directory, f"one{number}", one_each))
            cases.append(detect.Case(
                f"one text of each of {len(one_each)} engines is no engine (number {number + 1})",
                [f"taken for: {found}"] if found else []))
        bare = ["10.2.154.26-node.39", "Lua 5.4.4", "LuaJIT 2.1.0-beta3", "3.11.2", "v5.36.0",
                "node.js", "PyPy 7.3.11", "ruby 3.1.2p20", "JavaScript-C", "8.6.13",
                "Py_Initialize", "luaL_newstate", "_ZN2v88internal7Version6major_E",
                "JNI_GetCreatedJavaVMs"]
        found = names(inspector, build(directory, "bare", bare))
        cases.append(detect.Case("bare versions and names are no engine",
                                 [f"taken for: {found}"] if found else []))
    for number, case in enumerate(cases, 1):
        detect.say(number, case, 0)
    print(f"1..{len(cases)}")
    return int(any(case.problems for case in cases))


if __name__ == "__main__":
    sys.exit(main())
