# SPDX-License-Identifier: MIT
"""Says TAP of every build of the lists: does `engraft inspect --json` tell exactly what it is?

detect.py [--only GLOB] [--all] [--no-variants]
detect.py --all --table docs/DETECTION.md    writes the builds into it, as tables

GLOB is held against NAME and against "NAME PATH" of each build.
"""
import argparse
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import jsonschema

import builds
import elf_variants
import statics
import table

ROOT = builds.HERE.parent.parent
ENGRAFT = os.environ.get("ENGRAFT", "engraft")

# Of these nothing remains that tells them apart when their symbols are hidden.
UNSEEN_WHEN_HIDDEN = {("lua5.1-bookworm", "usr/lib/*/liblua5.1-c++.so.0.0.0")}
VARIANTS = builds.HERE / "variants"


def schema_validator():
    directory = ROOT / "docs" / "schema"
    documents = {path.as_uri(): json.loads(path.read_text()) for path in directory.glob("*.json")}
    uri = (directory / "inspect.json").as_uri()
    schema = documents[uri]
    with warnings.catch_warnings():  # what replaces it is newer than Debian 12's jsonschema
        warnings.simplefilter("ignore", DeprecationWarning)
        resolver = jsonschema.RefResolver(uri, schema, store=documents)
    return jsonschema.validators.validator_for(schema)(schema, resolver=resolver)


class Inspector:
    """engraft inspect, and whether what it prints is of the form that is promised."""

    def __init__(self):
        self.validator = schema_validator()

    def run(self, path):
        return subprocess.run([ENGRAFT, "inspect", "--json", str(path)], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=120, check=False)

    def engines(self, path):
        """(engines, problems)"""
        try:
            done = self.run(path)
            if done.returncode != 0:
                return [], [f"exit status {done.returncode}: {done.stderr.strip()[-300:]}"]
            report = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, json.JSONDecodeError) as problem:
            return [], [str(problem)]
        wrong = [f"schema: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
                 for error in self.validator.iter_errors(report)]
        return report["engines"], wrong[:5]


def compare(engines, expectations):
    """What is wrong; the engines have to be those that are expected and no other."""
    problems = []
    found = {}
    for engine in engines:
        if engine["engine"] in found:
            problems.append(f"{engine['engine']} is told twice")
        found[engine["engine"]] = engine
    for expected in expectations:
        engine = found.pop(expected.engine, None)
        if engine is None:
            problems.append(f"not found: {expected}")
        elif not expected.accepts(engine["version"]) or \
                (engine["linkage"], engine["symbols"]) != (expected.linkage, expected.symbols):
            problems.append(f"told: {summary(engine)}; expected: {expected}")
        if engine is not None and not engine["evidence"]:
            problems.append(f"{expected.engine}: no evidence")
    problems += [f"not there: {summary(engine)}" for engine in found.values()]
    return problems


def summary(engine):
    return (f"{engine['engine']} {engine['version']} "
            f"({engine['linkage']}, {engine['symbols']})")


# ---- what is expected of a variant, from what is expected of the build


def same(expectations):
    return expectations


def without_symtab(expectations):
    """Only .symtab goes: what it told may be untold, never told wrong."""
    return [expected.changed(symbols="none", may_be_null=True)
            if expected.symbols in ("symtab", "debug") else expected
            for expected in expectations]


def without_dynsym(expectations):
    return [expected.changed(symbols="none", linkage="static", may_be_null=True)
            for expected in expectations]


MAKERS = {
    "renamed": (elf_variants.renamed, same),
    "stripped": (elf_variants.stripped, without_symtab),
    "without section headers": (elf_variants.headerless, without_symtab),
    "symbols hidden": (elf_variants.hidden, without_dynsym),
}


class Case:
    """One line of TAP: a name, and problems, or a reason to skip it."""

    def __init__(self, name, problems, skip=None, engines=()):
        self.name, self.problems, self.skip, self.engines = name, problems, skip, engines


class Matrix:
    def __init__(self, scratch):
        self.scratch = scratch
        self.inspector = Inspector()
        self.world = builds.World()
        self.varied = {tuple(line.split()) for line in VARIANTS.read_text().splitlines()
                       if line and not line.startswith("#")}

    def check(self, name, path, expectations):
        engines, problems = self.inspector.engines(path)
        return Case(name, problems or compare(engines, expectations), engines=engines)

    def build(self, build, with_variants):
        try:
            directory = self.world.get(build.name)
            path = build.file = build.locate(directory, self.scratch)
            expectations = build.expectations(directory)
        except builds.Unavailable as reason:
            return [Case(str(build), [], str(reason))]
        except LookupError as problem:
            return [Case(str(build), [str(problem)])]
        cases = [self.check(str(build), path, expectations)]
        if with_variants == "all" or (with_variants and (build.name, build.path) in self.varied):
            cases += self.variants(build, path, expectations)
        return cases

    def variants(self, build, path, expectations):
        with tempfile.TemporaryDirectory(dir=self.scratch) as directory:
            copy = pathlib.Path(directory) / "copy"
            for word, (make, expect) in MAKERS.items():
                name = f"{build}, {word}"
                try:
                    applies = make(path, copy)
                except (subprocess.CalledProcessError, ValueError, OSError) as problem:
                    yield Case(name, [f"{problem} {getattr(problem, 'stderr', '') or ''}"])
                    continue
                unseen = (expect is without_dynsym and
                          (build.name, build.path) in UNSEEN_WHEN_HIDDEN)
                if applies is not False:
                    yield self.check(name, copy, [] if unseen else expect(expectations))
                copy.unlink(missing_ok=True)
            elf_variants.truncated(path, copy)
            yield self.refused(f"{build}, truncated", copy)

    def refused(self, name, path):
        """An error that says something: no crash, and no engine of half a file."""
        done = self.inspector.run(path)
        if done.returncode == 1 and done.stderr.strip() and not done.stdout.strip():
            return Case(name, [])
        return Case(name, [f"exit status {done.returncode}: {done.stderr.strip()[-300:]}"])

    def static(self, program):
        try:
            files = program.make(self.world, self.scratch)
        except builds.Unavailable as reason:
            return [Case(f"static: {program.name}", [], str(reason))]
        except statics.CannotLink as problem:
            return [Case(f"static: {program.name}", [str(problem)])]
        return [self.check(f"static: {program.name}, {word}", path, [expected])
                for word, path, expected in files]


def enough(cases):
    """What the matrix promises: 45 builds of engines, each told exactly."""
    right = sum(1 for case in cases if case.engines and not case.problems)
    return Case(f"{right} builds of engines are told", [] if right >= 45 else ["45 are promised"])


def say(number, case, started):
    state = "not ok" if case.problems else "ok"
    skip = f" # SKIP {case.skip}" if case.skip else ""
    print(f"{state} {number} - {case.name.replace('#', '')}{skip}")
    for problem in case.problems:
        print(f"#   {problem}")
    if os.environ.get("ENGRAFT_TEST_TIMES"):
        print(f"#   at {time.monotonic() - started:.1f} s")
    sys.stdout.flush()


def chosen(pattern, text):
    return not pattern or any(fnmatch.fnmatch(word, pattern) for word in (text, text.split()[0]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", metavar="GLOB")
    parser.add_argument("--all", action="store_true",
                        default=bool(os.environ.get("ENGRAFT_TEST_ALL")))
    parser.add_argument("--no-variants", action="store_true")
    parser.add_argument("--table", metavar="FILE", type=pathlib.Path)
    arguments = parser.parse_args()
    started = time.monotonic()
    with_variants = False if arguments.no_variants else "all" if arguments.all else "some"
    wanted = [build for build in builds.read_builds()
              if (arguments.all or not build.for_all) and
              chosen(arguments.only, f"{build.name} {build.path}")]
    programs = [program for program in statics.PROGRAMS
                if with_variants and chosen(arguments.only, f"static {program.name}")]
    with tempfile.TemporaryDirectory() as scratch, \
            concurrent.futures.ThreadPoolExecutor(4) as fetchers, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        matrix = Matrix(pathlib.Path(scratch))
        for name in dict.fromkeys([build.name for build in wanted] +
                                  [program.world for program in programs]):
            fetchers.submit(matrix.world.get, name)  # the network waits longer than we look
        work = [pool.submit(lambda build=build: list(matrix.build(build, with_variants)))
                for build in wanted]
        if arguments.table:
            return table.write(arguments.table, matrix, wanted, [done.result() for done in work])
        work += [pool.submit(matrix.static, program) for program in programs]
        cases = []
        for done in work:
            for case in done.result():
                cases.append(case)
                say(len(cases), case, started)
        if not arguments.only and not any(case.skip for case in cases):
            cases.append(enough([done.result()[0] for done in work]))
            say(len(cases), cases[-1], started)
    number = len(cases)
    print(f"1..{number}" if number else "1..0 # SKIP no build of that name")
    return int(any(case.problems for case in cases))


if __name__ == "__main__":
    sys.exit(main())
