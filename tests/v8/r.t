#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# R's package V8 of a later Debian, whose V8.so is for libnode.so.115 (V8 11.3), on this one's
# libnode.so.108 (10.2): everything as with this Debian's V8.so. It wants a later C library, which R is
# started with.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time is not in R"
[ "$(uname -m)" = x86_64 ] || tap_skip_all "adapters between versions are for x86-64"
command -v R >/dev/null || tap_skip_all "R is not installed (r-base-core)"
world() { "$srcdir/tests/world" get "$1" 2>"$work/world.err"; }
libnode=$(world libnode108) && ours=$(world r-cran-v8) && theirs=$(world r-cran-v8-trixie) ||
    tap_skip_all "$(tail -n 1 "$work/world.err")"
libraries=usr/lib/x86_64-linux-gnu
home=$(R RHOME)
path=$theirs/$libraries:$libnode/$libraries:$home/lib:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu

with() { # PACKAGES [VARIABLE=VALUE...]: R on the V8 of libnode.so.108
    local packages=$1/usr/lib/R/site-library
    shift
    env LC_ALL=C.UTF-8 R_HOME="$home" R_LIBS="$packages" "$@" \
        "$theirs/$libraries/ld-linux-x86-64.so.2" --library-path "$path" "$home/bin/exec/R" \
        --no-echo --no-restore --no-save -f "$srcdir/tests/v8/r.R" \
        --args "$libnode/$libraries/libnode.so.108"
}
preload=${abs_top_builddir:?}/.libs/libengraft-preload.so

it "this suite's V8.so, natively" exits 0 with "$ours"
it "comes to its end" out_has done
grep -v '^Using V8' "$work/out" >"$work/native"
it "the other suite's V8.so is for another libnode" sh -c \
    "readelf -d '$theirs/usr/lib/R/site-library/V8/libs/V8.so' | grep -q 'NEEDED.*libnode.so.115'"
it "without engraft it is not loaded" exits 1 with "$theirs"
it "for there is no such library" err_has "libnode.so.115: cannot open shared object file"
it "with engraft it is" exits 0 with "$theirs" LD_PRELOAD="$preload" ENGRAFT_REPORT="$work/report"
it "and comes to its end" out_has done
grep -v '^Using V8' "$work/out" >"$work/adapted"
it "with the same answers" diff "$work/native" "$work/adapted"
it "nothing is said" sh -c "! grep -i engraft '$work/err'"
it "it is adapted, from 11.3 to 10.2, without a trap" json "$work/report" \
    '[(p["verdict"], p["counts"]["trap"], p["plugin_abi"][:7], p["host_abi"][:7])
      for p in j["plugins"] if p["path"].endswith("V8.so")] == [("adapted", 0, "v8:11.3", "v8:10.2")]'
tap_end
