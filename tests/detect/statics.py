# SPDX-License-Identifier: MIT
"""Programs that have an engine linked in from its archive, with symbols and without."""
import lzma
import os
import shlex
import subprocess

import builds


class CannotLink(Exception):
    pass


class Program:
    """`calls` are functions that main() calls, so that the linker takes the engine in. Nothing is
    run, so that what else the archive wants may stay undefined."""

    def __init__(self, name, world, archive, calls, engine, version, *flags):
        self.name, self.world, self.archive, self.calls = name, world, archive, calls
        self.engine, self.version, self.flags = engine, version, flags

    def link(self, archive, target):
        source = "".join(f"extern int {name}(); " for name in self.calls)
        source += f"int main(void) {{ return {'+'.join(f'{name}()' for name in self.calls)}; }}\n"
        command = shlex.split(os.environ.get("CC", "cc")) + [
            "-w", "-x", "c", "-", "-x", "none", str(archive), "-o", str(target), *self.flags,
            "-Wl,--unresolved-symbols=ignore-all", "-lm"]
        done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotLink(f"{self.name}: {done.stderr.strip().splitlines()[-1:]}")

    def make(self, world, scratch):
        """[(what it is, path, expectation)]"""
        directory = world.get(self.world)
        archive = next(iter(directory.glob(self.archive)), None)
        if archive is None:
            raise CannotLink(f"{directory} has no {self.archive}")
        target = scratch / f"static-{self.name}"
        self.link(archive, target)
        stripped = target.with_name(target.name + "-stripped")
        subprocess.run(["strip", "-s", "-o", stripped, target], check=True)
        seen = builds.Expectation(self.engine, builds.version_of(self.version, directory),
                                  "static", "symtab")
        return [("unstripped", target, seen),
                ("stripped", stripped, seen.changed(symbols="none")),
                ("stripped, with .gnu_debugdata", with_mini_debug(target, stripped),
                 seen.changed(symbols="debug"))]


def with_mini_debug(whole, stripped):
    """As Fedora strips: the symbols are compressed in a section."""
    data = whole.with_name(whole.name + "-data")
    target = whole.with_name(whole.name + "-mini")
    subprocess.run(["objcopy", "--only-keep-debug", whole, data], check=True)
    data.write_bytes(lzma.compress(data.read_bytes()))
    subprocess.run(["objcopy", f"--add-section=.gnu_debugdata={data}", stripped, target],
                   check=True)
    return target


LUA_CALLS = ("luaL_newstate", "luaL_openlibs", "lua_close")

PROGRAMS = [
    Program("lua 5.1", "static-lua5.1", "usr/lib/*/liblua5.1.a", LUA_CALLS, "lua",
            "deb:liblua5.1-0-dev"),
    Program("lua 5.3", "static-lua5.3", "usr/lib/*/liblua5.3.a", LUA_CALLS, "lua",
            "deb:liblua5.3-dev"),
    Program("lua 5.4", "static-lua5.4", "usr/lib/*/liblua5.4.a", LUA_CALLS, "lua",
            "deb:liblua5.4-dev"),
    Program("lua 5.4, static-pie", "static-lua5.4", "usr/lib/*/liblua5.4.a", LUA_CALLS, "lua",
            "deb:liblua5.4-dev", "-static-pie"),
    Program("luajit", "static-luajit", "usr/lib/*/libluajit-5.1.a", LUA_CALLS, "luajit",
            "2.1.0-beta3"),
    Program("mujs", "static-mujs", "usr/lib/*/libmujs.a", ("js_newstate", "js_dostring"), "mujs",
            "null"),
    Program("mruby", "mruby-bookworm", "usr/lib/libmruby.a", ("mrb_open", "mrb_close"), "mruby",
            "deb:libmruby-dev"),
    Program("perl", "static-perl", "usr/lib/*/libperl.a",
            ("perl_alloc", "perl_construct", "perl_parse", "perl_run"), "perl", "deb:libperl-dev"),
    Program("python 3.11", "static-python3.11",
            "usr/lib/python3.11/config-*/libpython3.11.a", ("Py_BytesMain",), "cpython",
            "deb:libpython3.11-dev", "-no-pie"),
    Program("quickjs", "static-quickjs", "usr/lib/*/quickjs/libquickjs.a",
            ("JS_NewRuntime", "JS_NewContext", "JS_Eval"), "quickjs", "2025-04-26"),
    Program("tcl 8.6", "static-tcl8.6", "usr/lib/*/libtcl8.6.a",
            ("Tcl_CreateInterp", "Tcl_EvalEx"), "tcl", "deb:tcl8.6-dev"),
]
