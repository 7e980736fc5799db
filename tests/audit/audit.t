#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The audit, shown a library whose commit is wrong (tests/audit/local.mk) and one whose commit is
# right, through every door.
. "${abs_top_srcdir:?}/tests/tap.sh"
here=$srcdir/tests/audit
sound=${abs_top_builddir:?}/.libs/libengraft.so.0
broken=$abs_top_builddir/tests/audit/broken/.libs/libengraft.so.0
preload=$abs_top_builddir/.libs/libengraft-preload.so

cd "$work" || exit 99
sanitizers=${ENGRAFT_SANITIZERS-}
cc=${CC:-cc}
{
    # shellcheck disable=SC2086 # flags
    $cc $sanitizers -o host "$here/host.c" -ldl &&
        $cc -shared -fPIC -Wl,-soname,libaud.so.1 -o engine.so "$here/engine.c" &&
        $cc -shared -fPIC -o plugin.so "$here/plugin.c" &&
        "$engraft" stub engine.so -o . --name aud &&
        $cc -shared -fPIC -Wl,-z,lazy -o stubbed.so "$here/plugin.c" -L. -laud \
            -Wl,-rpath,"\$ORIGIN"
} >build.log 2>&1 || { sed 's/^/# /' build.log; echo 'Bail out! the fixtures cannot be built'; exit 99; }

# The host is built with the sanitizers that the library is built with; it loads before them.
[ -z "$sanitizers" ] || export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
loads() { # LIBENGRAFT DOOR PLUGIN STATUS
    local preloads=$1
    [ "$2" != preload ] || preloads+=:$preload
    exits "$4" env LD_PRELOAD="$preloads" ENGRAFT_DEBUG=audit ENGRAFT_PLUGIN_ABI=exam:1.0 \
        ./host ./engine.so "./$3" "$2"
}
right() { out_has 'constructor: 50' && out_has 'loaded'; }
no_constructor() { ! grep -q constructor: out || shown; }
refused() { out_has 'not loaded' && out_has 'audit: the slot of aud_' && out_has plugin.so && no_constructor; }
found() { err_has 'a reference did not end on its planned target'; }
proved() { err_has 'success,'; }

it 'preload: the right commit passes' loads "$sound" preload plugin.so 0
it 'preload: and the constructor ran on the engine' right
it 'preload: and the audit has looked at it' proved
it 'preload: the wrong commit fails' loads "$broken" preload plugin.so 1
it 'preload: dlopen() says that it was the audit, no constructor ran' refused
it 'api: the right commit passes' loads "$sound" api plugin.so 0
it 'api: and the constructor ran on the engine' right
it 'api: and the audit has looked at it' proved
it 'api: the wrong commit fails' loads "$broken" api plugin.so 1
it 'api: with ENGRAFT_AUDIT, no constructor ran' refused
it 'api: the status is ENGRAFT_AUDIT' out_has 'refused with status 12'
# Through a stub the load cannot be refused any more: the slots are written instead.
it 'stub: the right commit passes' loads "$sound" stub stubbed.so 0
it 'stub: and the constructor ran on the engine' right
it 'stub: and the audit has looked at it' proved
it 'stub: the wrong commit is noticed' loads "$broken" stub stubbed.so 0
it 'stub: by the audit' found
it 'stub: and corrected before the constructor ran' right
tap_end
