#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A host with engraft preloaded and nothing to do behaves as before: same output, same status.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time cannot be preloaded"
preload=${ENGRAFT_PRELOAD:-${abs_top_builddir:?}/.libs/libengraft-preload.so}
[ -e "$preload" ] || tap_skip_all "no $preload"

# same NAME COMMAND...: natively and preloaded.
same() {
    local name=$1
    shift
    if ! command -v "$1" >/dev/null; then
        skip "$name" "$1 is not installed"
        return
    fi
    run "$@"
    cp "$work/out" "$work/native.out"
    cp "$work/err" "$work/native.err"
    cp "$work/status" "$work/native.status"
    run env LD_PRELOAD="$preload" ENGRAFT_DEBUG= "$@"
    it "$name: output" cmp "$work/out" "$work/native.out"
    it "$name: errors" cmp "$work/err" "$work/native.err"
    it "$name: status" cmp "$work/status" "$work/native.status"
}

it "the interposer is there to be tested" sh -c \
    "LD_PRELOAD='$preload' cat /proc/self/maps | grep -q libengraft-preload"
same "a failing program" sh -c 'echo out; echo err >&2; exit 7'
same "Python's extension modules" /usr/bin/python3 -c 'import ctypes, ssl, sqlite3, decimal
print(ssl.OPENSSL_VERSION, ctypes.CDLL("libm.so.6").abs(-3))
try: ctypes.CDLL("./no-such.so")
except OSError as error: print(error)'
same "Perl's extension modules" perl -MPOSIX -MSocket -e 'print POSIX::floor(3.7), inet_ntoa(INADDR_LOOPBACK), "\n"'
same "gdb" gdb -nx -batch -ex 'python print(6 * 7)'
same "name services and locales" sh -c 'getent passwd root; LC_ALL=C.UTF-8 printf "é\n" | iconv -f utf-8 -t utf-16le | od -c'
same "R" R --vanilla --slave -e 'print(sum(1:10)); try(dyn.load("no-such.so"), silent = TRUE); cat(grepl("no-such.so: cannot open", geterrmessage()), "\n")'
if node=$("$srcdir/tests/world" get node-20.20.2 2>/dev/null); then
    same "node with workers, crypto, children and wasm" "$node/bin/node" -e '
        const {Worker} = require("worker_threads");
        new Worker("require(\"worker_threads\").parentPort.postMessage(6 * 7)", {eval: true})
            .on("message", (m) => console.log("worker", m));
        console.log(require("crypto").createHash("sha256").update("x").digest("hex"));
        console.log(require("child_process").execFileSync(process.execPath, ["-p", "1 + 1"]).toString());
        try { process.dlopen({exports: {}}, "/no/such.node"); } catch (e) { console.log(e.message); }'
else
    skip "node" "node 20 cannot be had"
fi
tap_end
