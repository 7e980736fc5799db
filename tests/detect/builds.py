# SPDX-License-Identifier: MIT
"""The real builds of tests/detect/builds and its fellows, and what inspect has to say of them."""
import os
import pathlib
import re
import stat
import subprocess
import threading
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
LISTS = ("builds", "builds-other", "builds-foreign")


class Unavailable(Exception):
    """A download cannot be had here; the text says why."""


class Expectation:
    """One engine of a file. `version` is a regular expression, or None: null is expected."""

    def __init__(self, engine, version, linkage, symbols):
        self.engine, self.linkage, self.symbols = engine, linkage, symbols
        self.version = version
        self.may_be_null = version is None

    def changed(self, **changes):
        other = Expectation(self.engine, self.version, self.linkage, self.symbols)
        vars(other).update(vars(self), **changes)
        return other

    def accepts(self, version):
        if version is None:
            return self.may_be_null
        return self.version is not None and re.fullmatch(self.version, version) is not None

    def __str__(self):
        version = "null" if self.version is None else self.version.replace("\\", "")
        if self.version is not None and self.may_be_null:
            version += " or null"
        return f"{self.engine} {version} ({self.linkage}, {self.symbols})"


class Build:
    """A file of a download: the lines of the lists that have the same NAME and PATH."""

    def __init__(self, name, path):
        self.name, self.path = name, path
        self.rows, self.for_all, self.file = [], False, None

    def __str__(self):
        return f"{self.name} {self.path.replace('usr/lib/*/', '')}"

    def locate(self, directory, scratch):
        """The file, in `directory` or extracted into `scratch`."""
        pattern, _, member = self.path.partition("!")
        found = [path for path in sorted(directory.glob(pattern))
                 if stat.S_ISREG(os.lstat(path).st_mode)]
        if not found:
            raise LookupError(f"{directory} has no {pattern}")
        if not member:
            return found[0]
        with zipfile.ZipFile(found[0]) as archive:
            return pathlib.Path(archive.extract(member, scratch / self.name / found[0].name))

    def expectations(self, directory):
        return [Expectation(engine, version_of(version, directory), linkage, symbols)
                for engine, version, linkage, symbols in self.rows if engine != "none"]


def version_of(text, directory):
    if text == "null":
        return None
    if text.startswith("re:"):
        return text[3:]
    if text.startswith("deb:"):
        return re.escape(package_version(directory, text[4:]))
    return re.escape(text)


def package_version(directory, package):
    """The upstream version of a package of the directory, as far as it is numbers and dots."""
    for line in (directory / ".world").read_text().splitlines():
        words = line.split()
        if words[0] == package:
            return re.match(r"(?:[0-9]+:)?([0-9]+(?:\.[0-9]+)*)", words[1]).group(1)
    raise LookupError(f"{directory}/.world has no package {package}")


def read_builds():
    builds = {}
    for name in LISTS:
        with open(HERE / name, encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                words = line.split()
                if not words or words[0].startswith("#"):
                    continue
                if len(words) not in (6, 7) or words[6:] not in ([], ["all"]):
                    raise SystemExit(f"{name}:{number}: not of the form in the head of `builds`")
                build = builds.setdefault((words[0], words[1]), Build(words[0], words[1]))
                build.rows.append(tuple(words[2:6]))
                build.for_all |= len(words) == 7
    return list(builds.values())


class World:
    """tests/world, asked once for each name."""

    def __init__(self):
        self.directories, self.locks = {}, {}

    def get(self, name):
        with self.locks.setdefault(name, threading.Lock()):
            if name not in self.directories:
                self.directories[name] = self._ask(name)
        directory = self.directories[name]
        if isinstance(directory, Unavailable):
            raise directory
        return directory

    @staticmethod
    def _ask(name):
        asked = subprocess.run([HERE.parent / "world", "get", name], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, check=False)
        said = asked.stderr.strip().splitlines()
        if asked.returncode == 0:
            return pathlib.Path(asked.stdout.strip())
        if asked.returncode == 77:
            return Unavailable(said[-1].removeprefix("world: ") if said else "no reason given")
        raise LookupError(f"tests/world get {name}: {' / '.join(said)}")
