# SPDX-License-Identifier: MIT
"""Says TAP of every engine that a scan finds in /usr/bin and /usr/lib: is its owner a reviewed one?

First each engine is planted in a directory that is scanned with them, under a neutral name: a
scanner that does not find it there finds nothing.
"""
import fnmatch
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import builds
import table

PLACES = ("/usr/bin", "/usr/lib")
BUILT = pathlib.Path(os.environ.get("abs_top_builddir", "."))
SCANNER = BUILT / "tests" / "detect" / "scan_files"


class Tap:
    def __init__(self):
        self.count, self.failed = 0, False

    def say(self, name, problem=None, skip=None):
        self.count += 1
        self.failed |= bool(problem)
        print(f"{'not ok' if problem else 'ok'} {self.count} - {name.replace('#', '')}"
              f"{f' # SKIP {skip}' if skip else ''}")
        if problem:
            print(f"#   {problem}")
        sys.stdout.flush()


def scan(directories):
    """([(path, engine, version, linkage, symbols)], how many files)"""
    done = subprocess.run([SCANNER, *directories], stdout=subprocess.PIPE, text=True, check=True,
                          errors="surrogateescape", stdin=subprocess.DEVNULL)
    hits, count = [], 0
    for line in done.stdout.splitlines():
        words = line.split("\t")
        if words[0] == "#":
            count += int(words[1])
        elif words[1] != "-":
            hits.append(tuple(words))
    return hits, count


# ---- planted engines


class Garden:
    """A real build of each engine, in a directory, without its name."""

    def __init__(self, scratch):
        self.directory = scratch / "planted"
        self.directory.mkdir()
        self.planted = {}  # path -> (engine, expectations)
        self.reasons = {}  # engine -> why there is none
        world = builds.World()
        wanted = set(table.known_engines())
        for build in builds.read_builds():
            engines = wanted.intersection(row[0] for row in build.rows)
            if engines and not build.for_all:
                wanted -= self.plant(build, world, engines, scratch)
        for engine in wanted:
            self.reasons.setdefault(engine, "unverified: no build of it is known")

    def plant(self, build, world, engines, scratch):
        try:
            directory = world.get(build.name)
        except builds.Unavailable as reason:
            self.reasons.update(dict.fromkeys(engines, str(reason)))
            return set()
        path = self.directory / f"{len(self.planted):03d}"
        shutil.copyfile(build.locate(directory, scratch), path)
        self.planted[str(path)] = (engines, build.expectations(directory))
        return engines

    def check(self, tap, hits):
        found = {}
        for path, engine, version, *_ in hits:
            found.setdefault(path, {})[engine] = None if version == "null" else version
        for path, (_, expectations) in self.planted.items():
            for expected in expectations:
                seen = found.get(path, {})
                wrong = None if expected.engine in seen and expected.accepts(
                    seen[expected.engine]) else f"{expected} is planted, and found is: {seen}"
                tap.say(f"a planted {expected.engine} is found", wrong)
        for engine, reason in sorted(self.reasons.items()):
            tap.say(f"a planted {engine} is found", skip=reason)


# ---- owners


def package_of(path):
    """The Debian package a file is of; directories have been moved from / to /usr since."""
    for name in (path, path.removeprefix("/usr")):
        done = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(": ")[0].split(",")[0].split(":")[0]
    return None


def read_owners():
    lines = (line.split() for line in (builds.HERE / "owners").read_text().splitlines())
    return [(words[0], words[1:]) for words in lines if words and words[0][0] != "#"]


def is_reviewed(owners, owner, engine):
    return any(fnmatch.fnmatch(owner, pattern) and engine in engines
               for pattern, engines in owners)


def check_owners(tap, hits):
    owners = read_owners()
    for path, engine, version, *how in sorted(hits):
        package = package_of(path)
        owner = package or path
        wrong = None if is_reviewed(owners, owner, engine) else \
            f"{owner} with {engine} is not in tests/detect/owners: look whether it is there"
        tap.say(f"{path}: {engine} {version} ({', '.join(how)}), of "
                f"{package or 'no package'}", wrong)


def check_own(tap):
    """All the patterns are in engraft-deep.so, and it is no engine."""
    libraries = BUILT / ".libs"
    if not (libraries / "engraft-deep.so").exists():
        tap.say("engraft's own files have no engine", f"no engraft-deep.so in {libraries}")
        return
    hits, count = scan([libraries])
    tap.say(f"engraft's own {count} files have no engine",
            f"{hits} in {count} files" if hits or count < 3 else None)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as scratch:
        garden = Garden(pathlib.Path(scratch))
        hits, count = scan([*PLACES, garden.directory])
        print(f"# {count} files")
        garden.check(tap, hits)
        there = [hit for hit in hits if hit[0] not in garden.planted]
        if shutil.which("dpkg"):
            check_owners(tap, there)
        else:
            tap.say("owners of engines", skip="no dpkg here: whose the files are is not known")
        check_own(tap)
    print(f"1..{tap.count}")
    return int(tap.failed)


if __name__ == "__main__":
    sys.exit(main())
