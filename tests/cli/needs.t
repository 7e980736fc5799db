#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Which engine a file needs, where several have functions of the same names.
. "${abs_top_srcdir:?}/tests/tap.sh"

: "${PYTHON:=python3}"
cd "$work" || exit 99

# FILE NAME...: a plugin that calls functions of these names, which nobody defines
plugin() {
    local file=$1 name
    shift
    for name; do echo "extern void $name(void);"; done >plugin.c
    echo 'void plugin(void) {' >>plugin.c
    for name; do echo "$name();"; done >>plugin.c
    echo '}' >>plugin.c
    "${CC:-cc}" -shared -fPIC plugin.c -fno-builtin -o "$file" || exit 99
}
needs() { # FILE ENGINES
    "$engraft" inspect --json "$1" >out || return
    json out '" ".join(n["engine"] for n in j["needs"]) == "'"$2"'"'
}

plugin lua.so lua_gettop lua_settop luaL_checkversion_
it "a module of Lua needs Lua only" needs ./lua.so "lua"
plugin luajit.so lua_gettop lua_settop luaJIT_setmode
it "one that calls LuaJIT needs that" needs ./luajit.so "luajit"
plugin pypy.so PyPyLong_FromLong PyPyList_New
it "a module of PyPy does not need CPython" needs ./pypy.so "pypy"
plugin swipl.so PL_register_foreign PL_unify_integer PL_get_atom
it "one of SWI-Prolog no Perl" needs ./swipl.so "swi-prolog"
plugin perl.so Perl_newSV Perl_sv_setiv PL_thr_key
it "one of Perl no SWI-Prolog" needs ./perl.so "perl"
plugin libc.so asin asctime asprintf
it "names that only begin alike are no engine's" needs ./libc.so ""
plugin mangled.so _Z10lua_gettopP9lua_State _Z10lua_settopP9lua_Statei
it "Lua compiled as C++" needs ./mangled.so "lua"

tap_end
