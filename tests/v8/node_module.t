#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An addon of another module version is to node, under `engraft run`, what one of its own version is
# natively: in each way that addons tell of themselves, in each way to load them.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time cannot be preloaded into node"
[ "$(uname -m)" = x86_64 ] || tap_skip_all "adapters between versions are for x86-64"

hosts="18.20.8:108 20.20.2:115 22.23.3:127 24.21.0:137"
[ "${ENGRAFT_TEST_ALL-}" = 1 ] && hosts="$hosts 25.9.0:141 26.10.0:147"
forms="REGISTER CONTEXT EXPORT REGISTER+EXPORT CONTEXT+EXPORT"

addon() { # FORM NUMBER: its file
    local form=$1 number=$2 file=$work/$1-$2.node
    # shellcheck disable=SC2086
    [ -f "$file" ] || ${CC:-cc} -O2 -shared -fPIC -fvisibility=hidden "-DNUMBER=$number" \
        -D${form//+/ -D} -o "$file" "$srcdir/tests/v8/node_module.c" || exit 99
    echo "$file"
}

# HOW FILE [ARGUMENT...]: what node tells, sorted, for threads tell in any order.
natively() { "$node" "$srcdir/tests/v8/node_module.js" "$@" 2>&1 | sort >"$work/native"; }
adapted() {
    "$engraft" run -- "$node" "$srcdir/tests/v8/node_module.js" "$@" 2>&1 | sort >"$work/adapted"
}
same() { # HOW FORM
    natively "$1" "$(addon "$2" "$number")"
    adapted "$1" "$(addon "$2" "$other")"
    cat "$work/native"
    diff "$work/native" "$work/adapted"
}
says() { grep -qF "$1" "$work/adapted" || { cat "$work/adapted"; return 1; }; }

opener=$(addon OPENER 0) next=$(addon EXPORT 1)
for host in $hosts; do
    directory=$("$srcdir/tests/world" get "node-${host%:*}" 2>"$work/world.err") || {
        skip "node ${host%:*}" "$(tail -n 1 "$work/world.err")"
        continue
    }
    node=$directory/bin/node number=${host#*:} major=${host%%.*}
    others=108
    [ "$number" != 108 ] || others=115
    [ "${ENGRAFT_TEST_ALL-}" != 1 ] || others="$others 137"
    for other in $others; do
        [ "$other" != "$number" ] || continue
        for form in $forms; do
            it "node $major, module version $other, $form" same main "$form"
            it "was loaded" says "require: loaded"
        done
        for form in CONTEXT EXPORT REGISTER+EXPORT; do
            it "node $major, module version $other, $form: unloaded and loaded" same worker "$form"
            it "was loaded in workers" says "worker: loaded"
        done
        next=$(addon EXPORT "$number")
        STRAY=$(addon EXPORT "$other")
        export STRAY
        adapted stray "$STRAY" "$opener" "$next"
        it "node $major, module version $other: opened by a library" says "opener: opened"
        it "node's next addon is its own" says "next: loaded"
        it "and it can still be required" says "require: loaded"
    done
    other=${others%% *}
    it "node $major says no to it without engraft" exits 1 \
        "$node" -e "require(process.argv[1])" "$(addon CONTEXT "$other")"
    it "for its module version" err_has "NODE_MODULE_VERSION $other"
done
tap_end
