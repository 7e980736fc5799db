# SPDX-License-Identifier: MIT
"""The builds as tables, between two marks of docs/DETECTION.md."""
import datetime
import re

import builds

BEGIN = "<!-- from here on written by: tests/detect/detect.t --all --table docs/DETECTION.md -->"
END = "<!-- up to here -->"
TOP = builds.HERE.parent.parent


def known_engines():
    """The ids of the rows of probes/engines.def."""
    rows = (TOP / "probes" / "engines.def").read_text()
    return re.findall(r'^ENGRAFT_(?:BOUND_)?ENGINE\(\w+,(?:\s*\d+,)?\s*"([^"]+)"', rows, re.M)


def origin(matrix, build):
    """What the download is: package, version, suite."""
    lines = (matrix.world.get(build.name) / ".world").read_text().splitlines()
    wanted = [row[1][4:] for row in build.rows if row[1].startswith("deb:")]
    lines = [line for line in lines if line.split()[0] in wanted] or lines
    if len(lines) > 1 and not wanted:  # which of the packages has the file is not known here
        return build.name
    return lines[0] if " " in lines[0] else f"npm {lines[0]}"


def version_in(cases, suffix, engine):
    """What a variant's version is: as in the build itself, null, or the engine is not found."""
    case = next((case for case in cases if case.name.endswith(suffix)), None)
    if case is None:
        return ""
    found = [told for told in case.engines if told["engine"] == engine]
    return (found[0]["version"] or "null") if found else "not found"


def name_of(build):
    """The file's name; in an archive the same name stands once for each architecture."""
    name = build.file.name
    return f"`{build.file.parent.name}/{name}`" if "!" in build.path else f"`{name}`"


def rows_of(matrix, build, cases):
    for told in sorted(cases[0].engines, key=lambda one: one["engine"]):
        hidden = version_in(cases, ", symbols hidden", told["engine"])
        yield (told["engine"], told["version"] or "null", origin(matrix, build),
               name_of(build), told["linkage"], told["symbols"],
               "the same" if hidden == told["version"] else hidden)


def markdown(heads, rows):
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def tables(matrix, wanted, results):
    there = [(build, cases) for build, cases in zip(wanted, results) if not cases[0].skip]
    wrong = [build for build, cases in there if any(case.problems for case in cases)]
    engines = [row for build, cases in there for row in rows_of(matrix, build, cases)]
    engines.sort(key=lambda row: (row[0], [int(part) for part in re.findall(r"\d+", row[1])]))
    none = [(origin(matrix, build), name_of(build))
            for build, _ in there if not build.expectations(matrix.world.get(build.name))]
    unverified = sorted(set(known_engines()) - {row[0] for row in engines})
    today = datetime.date.today().isoformat()
    files = sum(1 for build, cases in there if cases[0].engines)
    return "\n\n".join(filter(None, [
        f"Measured on {today}: {len(engines)} engines in {files} files of "
        f"{len({build.name for build, _ in there})} packages, {len({row[0] for row in engines})} "
        "different ones; each as it was expected"
        + (f", but for: {', '.join(map(str, wrong))}." if wrong else ".")
        + " The last column is the version that is told when the same file has no symbol left.",
        markdown(("engine", "version", "from", "file", "linkage", "symbols", "hidden"), engines),
        f"Unverified (no binary of them is at hand; not counted): {', '.join(unverified)}."
        if unverified else "",
        "In these there is no engine, however much of one they may show:",
        markdown(("from", "file"), sorted(none)),
    ])) + "\n"


def write(path, matrix, wanted, results):
    text = path.read_text()
    before, rest = text.split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{tables(matrix, wanted, results)}\n{END}"
                    f"{rest.split(END)[1]}")
