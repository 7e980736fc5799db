#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Files for other machines, statically linked programs, what an emulator maps: told, and refused.
. "${abs_top_srcdir:?}/tests/tap.sh"

"${PYTHON:=python3}" -c 'import jsonschema' 2>/dev/null || tap_skip_all "no Python with jsonschema"
cd "$work" || exit 99

world() { "$srcdir/tests/world" get "$1" 2>>world.log; }

# with NAME WHAT: its directory in $directory; says that WHAT is left out if it cannot be had
with() {
    directory=$(world "$1") && return
    skip "$2" "$(tail -n 1 world.log)"
    return 1
}

# Of each engine: what tells one build from another.
facts="(e['engine'], e['version'], e['linkage'], e['symbols'])"

# told FILE ENGINE VERSION LINKAGE SYMBOLS: exactly this engine
told() {
    exits 0 "$engraft" inspect --json "$1" && valid inspect out &&
        json out "[$facts for e in j['engines']] == [('$2', '$3', '$4', '$5')]"
}

told_nothing() { exits 0 "$engraft" inspect --json "$1" && json out 'j["engines"] == []'; }

# refused VERB ARGUMENT...: a message, nothing on stdout
refused() { exits 1 "$engraft" "$@" && out_empty; }

echo 'int main(void) { return 0; }' >none.c
"${CC:-cc}" none.c -o none || exit 99

# ---- what cannot be bound is named, with what to do

only="engraft binds plugins on x86-64 and 64-bit AArch64 only"

if with foreign-s390x "a big-endian file"; then
    z=$(echo "$directory"/usr/lib/*/libpython3.11.so.1.0)
    it "a big-endian library is told" told "$z" cpython 3.11.2 shared dynamic
    it "and that nothing can be bound to it" \
        json out 'j["engines"][0]["relink"]["possible"] is False'
    it "as a plugin it is refused" refused check "$z" --host none
    it "by name" err_has "$z: a 64-bit big-endian object for IBM Z: "
    it "and with a reason" err_has "$only"
    it "as a host it is refused" refused check none --host "$z"
    it "by name" err_has "$z: a 64-bit big-endian object for IBM Z: "
    it "there is no stub of it" refused stub "$z" -o stub
    it "says the message" err_has "$z: a 64-bit big-endian object for IBM Z: "
fi

if with foreign-i386 "a 32-bit file"; then
    x86=$(echo "$directory"/usr/lib/*/libduktape.so.207)
    it "a 32-bit library is told" told "$x86" duktape 2.7.0 shared dynamic
    it "as a plugin it is refused" refused check "$x86" --host none
    it "by name" err_has "$x86: a 32-bit object for x86 (i386): "
    it "there is no stub for it" refused stub --from "$x86" -o stub
    it "says the message" err_has "$x86: a 32-bit object for x86 (i386): "
fi

if with dd-pprof-5.20.0 "addons for other systems"; then
    builds=$directory/prebuilds
    arm=$builds/linux-arm64/dd_pprof.node.abi108.node
    x64=$builds/linux-x64/dd_pprof.node.abi108.node
    it "an addon for Windows" refused inspect "$builds/win32-x64/dd_pprof.node.abi108.node"
    it "is named as one" err_has "not an ELF object: it is made for Windows (PE)"
    macos=$builds/darwin-arm64/dd_pprof.node.abi108.node
    it "an addon for macOS" refused check "$macos" --host none
    it "is named as one" err_has "not an ELF object: it is made for macOS (Mach-O)"
    it "an addon for AArch64 is read like any" exits 0 "$engraft" inspect --json "$arm"
    it "and needs V8" json out '"v8" in [n["engine"] for n in j["needs"]] and j["engines"] == []'
    it "a stub for it is made for its machine" exits 0 "$engraft" stub --from "$arm" -o stub-arm
    machine_of() { od -An -t u2 -j 18 -N 2 "$1" | tr -d ' '; }
    it "indeed" [ "$(machine_of stub-arm/libv8.engraft.so)" = "$(machine_of "$arm")" ]
    if with node-18.20.8 "an addon and a node of different machines"; then
        node=$directory/bin/node
        it "the same machine fits" exits 0 "$engraft" check "$x64" --host "$node"
        it "another does not" exits 12 "$engraft" check --json "$arm" --host "$node"
        it "and the verdict says so" valid check out
        it "in words" json out 'j["verdict"] == "refused" and j["reason"] ==
            "the plugin is a 64-bit object for AArch64 and the host is a 64-bit object for x86-64: "
            "take the plugin'\''s build for the host'\''s machine"'
        it "also as text" exits 12 "$engraft" check "$arm" --host "$node"
    fi
fi

# ---- 32 bits and big-endian, which no package has any more; and a 32-bit process

cat >planted.c <<'END'
const char lua_ident[] = "$LuaVersion: Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio $";
const char second[] = "attempt to compare two %s values";
int lua_gettop(void) { return lua_ident[0] + second[0]; }
__asm__(".text\n.skip 65536\n"); /* what has less code than an engine is none */
#ifdef __i386__
static long call(long number, long first, long second, long third)
{
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(first), "c"(second), "d"(third) : "memory");
    return number;
}
void _start(void)
{
    char byte;
    call(4, 1, (long)"ready\n", 6);
    call(3, 0, (long)&byte, 1);
    call(1, lua_gettop() == 0, 0, 0);
}
#endif
END
if clang --target=powerpc-linux-gnu -fuse-ld=lld -nostdlib -fPIC -shared -Wl,--hash-style=both \
    planted.c -o planted-ppc.so 2>clang.log; then
    it "a 32-bit big-endian library" told ./planted-ppc.so lua 5.4.4 shared dynamic
    it "is refused" refused check ./planted-ppc.so --host none
    it "by name" err_has "a 32-bit big-endian object for PowerPC: "
else
    skip "a 32-bit big-endian library" "no clang with lld for PowerPC"
fi

# start PROGRAM [ARGUMENT...]: runs until stop, as $pid; it prints "ready" and waits for its input's
# end. Not within `it`, which has a shell of its own.
start() {
    rm -f in ready
    mkfifo in
    "$@" <in >ready 2>&1 &
    pid=$!
    exec 7>in
    while kill -0 "$pid" 2>/dev/null && ! grep -q '^ready' ready; do read -rt 0.05 -u 8; done
    grep -q '^ready' ready
}
stop() { # the program ends with its input
    exec 7>&-
    wait "$pid"
}
mkfifo pause && exec 8<>pause

# listed VERSION LINKAGE SYMBOLS: engraft ps has a Lua of this kind in $pid
listed() {
    exits 0 "$engraft" ps --json && json out "[$facts for p in j['processes']
        if p['pid'] == $pid for e in p['engines']] == [('lua', '$1', '$2', '$3')]"
}

if clang --target=i386-linux-gnu -fuse-ld=lld -nostdlib -static -fno-pic -s planted.c \
    -o planted-i386 2>clang.log && start ./planted-i386; then
    it "a 32-bit process is told" told "$pid" lua 5.4.4 static none
    it "and listed" listed 5.4.4 static none
    stop
else
    skip "a 32-bit process" "no clang with lld for i386, or the kernel runs no 32-bit programs"
fi

# ---- statically linked programs

cat >lua.c <<'END'
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
int main(void)
{
    lua_State *state = luaL_newstate();
    luaL_openlibs(state);
    if (luaL_dostring(state, "print('ready') io.flush() io.read()"))
        puts(lua_tostring(state, -1));
    lua_close(state);
    return 0;
}
END
link() { # OPTION...: ./lua, with what $directory has
    set -- "$@" -I"$directory/usr/include/lua5.4" lua.c -o lua
    for include in "$directory"/usr/include/*-linux-gnu; do set -- "$@" -I"$include"; done
    "${CC:-cc}" "$@" "$directory"/usr/lib/*/liblua5.4.a -lm -ldl >cc.log 2>&1
}
if with static-lua5.4 "static programs"; then
    version=$(sed -n 's/^liblua5.4-dev \([0-9.]*\).*/\1/p' "$directory/.world")
    for option in -static -static-pie; do
        for strip in -g0 -s; do
            symbols=symtab
            [ $strip = -g0 ] || symbols=none
            link $option $strip || {
                skip "linked with $option" "the compiler cannot: $(tail -n 1 cc.log)"
                continue
            }
            it "$option $strip, the file" told ./lua lua "$version" static $symbols
            start ./lua
            it "$option $strip, the process" told "$pid" lua "$version" static $symbols
            it "$option $strip in the list" listed "$version" static $symbols
            stop
        done
    done
fi

# ---- an emulator reads the program of another machine, and is none of its engines

emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
root=/usr/aarch64-linux-gnu
if [ "$(uname -m)" = aarch64 ] || [ -z "$emulator" ] || [ ! -e "$root/lib/libc.so.6" ]; then
    skip "an AArch64 node in an emulator" "no qemu-aarch64, or no C library for it"
elif with node-arm64-16.20.2 "an AArch64 node in an emulator"; then
    start "$emulator" -L "$root" "$directory/bin/node" \
        -e 'console.log("ready"); process.stdin.resume()'
    it "an emulator maps its file" grep -qF "$directory/bin/node" "/proc/$pid/maps"
    it "the process has no engine" told_nothing "$pid"
    it "the list has none of it" exits 0 "$engraft" ps --json
    it "indeed" json out "[p for p in j['processes'] if p['pid'] == $pid] == []"
    stop
    it "its file has two" exits 0 "$engraft" inspect --json "$directory/bin/node"
    it "with versions" json out \
        '[e["version"] for e in j["engines"]] == ["9.4.146.26-node.26", "16.20.2"]'
fi

tap_end
