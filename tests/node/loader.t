#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/js-loader, the MetaCall shape: with Debian's libnode, and, when ENGRAFT_NODE names what
# examples/node-in-host/build made, in a host that runs V8 for itself.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "Node's libraries have no sanitizer"
command -v "${CC:=cc}" >/dev/null && command -v "${CXX:=c++}" >/dev/null ||
    tap_skip_all "no C and C++ compiler"
[ -e /usr/include/uv.h ] || tap_skip_all "no header of libuv (libuv1-dev)"
for name in libnode108 node-18.20.8; do
    directory=$("$srcdir/tests/world" get "$name" 2>"$work/world.err") ||
        tap_skip_all "$name: $(tail -n 1 "$work/world.err")"
    case $name in
    libnode108) engine=$(dirname -- "$directory"/usr/lib/*/libnode.so.108) ;;
    *) headers=$directory/include/node ;;
    esac
done
example=$srcdir/examples/js-loader
c=("$CC" -std=gnu11 -D_GNU_SOURCE -g -Wall -Wextra -Wconversion -Werror -I"$srcdir/engraft-node")
cxx=("$CXX" -std=gnu++17 -O1 -fPIC -fno-exceptions -fno-rtti -fvisibility=hidden -isystem "$headers")
engine_flags=(-L"$engine" -l:libnode.so.108 -luv -pthread -Wl,-rpath,"$engine"
    -Wl,-rpath-link,"$engine")

compile_own() {
    printf '%s\n' "$srcdir"/engraft-node/*.cc |
        (cd "$work" && xargs -P 2 -n 1 "${cxx[@]}" -c) &&
        "${cxx[@]}" -shared -o "$work/libengraft-node.so" "$work"/*.o "${engine_flags[@]}"
}
compile_loader() { # OUTPUT LIBRARY...
    local output=$1
    shift
    "${c[@]}" -shared -fPIC -fvisibility=hidden -o "$output" "$example/js_loader.c" "$@"
}
compile_host() {
    "${c[@]}" -Dmain=driver_main -c -o "$work/driver_main.o" "$example/driver.c" &&
        "${cxx[@]}" -o "$work/host" "$srcdir/tests/node/loader-host.cc" "$work/driver_main.o" \
            "${engine_flags[@]}"
}

passed() { # WHERE: of the last run
    it "$1: it passes" grep -qx "js-loader: passed" "$work/out"
    it "$1: twice" test "$(grep -c '^round ' "$work/out")" = 2
    it "$1: thirteen things each" test "$(grep -c '^ok ' "$work/out")" = 26
    it "$1: nothing is wrong" sh -c '! grep -A 3 "^WRONG" "$1"' sh "$work/out"
}

it "the driver compiles without the library" "${c[@]}" -o "$work/driver" "$example/driver.c"
it "engraft-node compiles" compile_own
it "the loader compiles" compile_loader "$work/native.so" "$work/libengraft-node.so" \
    -Wl,-rpath,"$work" -Wl,-rpath-link,"$engine"
it "it exports its table alone" test "$(nm -D --defined-only "$work/native.so" |
    awk '{ print $3 }')" = js_loader_table
it "natively" exits 0 "$work/driver" "$work/native.so" "$example/orders.js"
passed natively
it "a script that does not parse" exits 1 "$work/driver" "$work/native.so" "$example/README.md"
it "is said to be wrong" out_has "SyntaxError"

if [ -n "${ENGRAFT_NODE-}" ]; then
    LD_LIBRARY_PATH=${abs_top_builddir:?}/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH
    it "the loader compiles, without V8" compile_loader "$work/grafted.so" -L"$ENGRAFT_NODE/lib" \
        -lengraft-node -Wl,-rpath,"$ENGRAFT_NODE/lib" -Wl,--allow-shlib-undefined
    it "a host with V8 compiles" compile_host
    it "in a host's V8" exits 0 "$work/host" "$work/grafted.so" "$example/orders.js"
    passed "in a host's V8"
else
    skip "in a host's V8" "ENGRAFT_NODE is not set (examples/node-in-host/build)"
fi
tap_end
