#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What examples/node-in-host/build makes: one object with Node and without V8. Checked here again, with
# other tools than its own proof.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "the library is the same without sanitizers"
command -v "${CXX:-c++}" >/dev/null || tap_skip_all "no C++ compiler"

recipe=$srcdir/examples/node-in-host
export ENGRAFT_BUILD=${abs_top_builddir:?}
run "$recipe/build" 18
case $(cat "$work/status") in
0) ;;
77) tap_skip_all "$(tail -n 1 "$work/err")" ;;
esac
result=$(cat "$work/out")
library=$result/lib/libengraft-node.so.108
engine=$(printf '%s\n' "$("$srcdir/tests/world" get libnode108 2>/dev/null)"/usr/lib/*/libnode.so.108)

line_count() { [ "$(wc -l <"$work/out")" = "$1" ] || shown; }
dynamic() { readelf -dW "$library" | grep -E -- "$1" || { readelf -dW "$library"; return 1; }; }
none() { # COMMAND...: prints nothing
    "$@" >"$work/found" 2>&1 || true
    [ ! -s "$work/found" ] || { head -n 20 "$work/found"; return 1; }
}
finds() { ! none "$@" >/dev/null || { echo "found nothing: $*"; return 1; }; }
symbols() { nm -D "$1" "$2" | grep -E ' _Z(N|NK|T[VTIS]N)(2v8|12v8_inspector|5cppgc)'; }
unique() { readelf -sW "$1" | grep ' UNIQUE '; }
exports() { nm -D --defined-only "$library" | awk '{ print $3 }'; }
exported() { exports | grep -qx -- "$1"; }
bytes() { # FILE: as much as is mapped of it
    local size sum=0
    for size in $(readelf -lW "$1" | awk '$1 == "LOAD" { print $6 }'); do sum=$((sum + size)); done
    echo "$sum"
}

it "the recipe ends well" test "$(cat "$work/status")" = 0
it "one line is printed, the directory" line_count 1
it "which is there" test -f "$library"
it "a second run finds it" exits 0 "$recipe/build" 18
it "the same directory" out_has "$result"
it "without compiling or linking" test -z "$(grep -E 'compiling|linking' "$work/err")"

it "SONAME" dynamic 'SONAME.*\[libengraft-node\.so\.108\]'
it "-Bsymbolic" dynamic SYMBOLIC
it "NEEDs the stub" dynamic 'NEEDED.*\[libv8-108-libengraft-node\.engraft\.so\]'
it "which lies beside it" test -f "$result/lib/libv8-108-libengraft-node.engraft.so"
it "NEEDs no engine" none grep -E 'NEEDED.*(libnode\.so|libv8\.|libv8_)' <(readelf -dW "$library")
it "the check for V8's symbols finds them in the engine" finds symbols --defined-only "$engine"
it "no symbol of V8 is defined" none symbols --defined-only "$library"
it "and many are open" test "$(symbols --undefined-only "$library" | wc -l)" -gt 400
it "the check for UNIQUE finds them in the engine" finds unique "$engine"
it "no UNIQUE symbol" none unique "$library"
it "Node-API is exported" exported napi_create_function
it "so is node::Start" exported _ZN4node5StartEiPPc
it "so is the C API" exported engraft_node_start
it "and nothing of others" none grep -vE \
    '^(engraft_node_|napi_|node_api_|node_module_register$|_Z(N|NK|T[VISC]N)4node)' <(exports)
it "uv_default_loop is not libuv's" none grep -w uv_default_loop <(nm -D --undefined-only "$library")
it "a third of the engine's size" test "$(($(bytes "$library") * 3))" -lt "$(bytes "$engine")"

it "no file under deps/v8 was compiled" none grep deps/v8/ \
    "$(sed -n 's/^objects //p' "$result/build.txt")/compiled"
it "the headers are there" test -f "$result/include/engraft-node.h" -a -f "$result/include/node/node.h"

run "$engraft" check --json "$library" --host "$engine"
check_says() { json "$work/out" "$1"; }
it "engraft check: adapted" test "$(cat "$work/status")" = 10
it "every reference is served" check_says \
    'not [b for b in j["bindings"] if b["kind"] not in ("direct", "adapted")]'
it "the platform and V8's initialisation are adapted" check_says \
    '{"_ZN2v82V818InitializePlatformEPNS_8PlatformE", "_ZN2v82V810InitializeEi"} <=
     {b["symbol"] for b in j["bindings"] if b["kind"] == "adapted"}'
tap_end
