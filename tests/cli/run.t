#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft run: the environment, the exit status, and what it says where preloading has no effect.
. "${abs_top_srcdir:?}/tests/tap.sh"

cd "$work" || exit 99
cat >show.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern char **environ;
int main(void)
{
    for (char **v = environ; *v; v++)
        if (!strncmp(*v, "ENGRAFT_", 8) || !strncmp(*v, "LD_PRELOAD=", 11))
            puts(*v);
    return 42;
}
C
# A stand-in for the library: what is tested here is what the command does with it.
echo 'int stand_in;' >preload.c
"${CC:-cc}" -shared -fPIC preload.c -o libengraft-preload.so || exit 99
"${CC:-cc}" show.c -o show || exit 99
real=$PWD
export ENGRAFT_PRELOAD=$real/libengraft-preload.so
# A command that is built with ASan may be started with LD_PRELOAD set here.
export ASAN_OPTIONS=verify_asan_link_order=0

it "the exit status is the command's" exits 42 "$engraft" run ./show
it "the library comes to LD_PRELOAD" out_has "LD_PRELOAD=$real/libengraft-preload.so"
it "and nothing is said" err_empty
it "-- ends the options" exits 42 "$engraft" run -- ./show
it "options after the command are the command's" exits 0 "$engraft" run printf '%s\n' --log
it "as they are" out_has --log

kept() {
    local library
    library=$(ldd ./show | awk '/libc\.so/ { print $3 }')
    exits 42 env LD_PRELOAD="$library" "$engraft" run ./show &&
        out_has "LD_PRELOAD=$real/libengraft-preload.so:$library"
}
it "what is in LD_PRELOAD stays, behind it" kept
it "engraft run under engraft run" exits 42 "$engraft" run "$engraft" run ./show
it "names the library once" grep -qx "LD_PRELOAD=$real/libengraft-preload.so" out

it "all options" exits 42 "$engraft" run --log=l --report=r.%p.json --host=v8 --plugin-abi=v8:10.2 \
    --trap=return --allow=a.so=mismatch -- ./show
for line in "ENGRAFT_LOG=$real/l" ENGRAFT_DEBUG=all "ENGRAFT_REPORT=$real/r.%p.json" \
    ENGRAFT_HOST=v8 ENGRAFT_PLUGIN_ABI=v8:10.2 ENGRAFT_TRAP=return ENGRAFT_ALLOW=a.so=mismatch
do
    it "come as ${line%%=*}" grep -qxF "$line" out
done
areas_kept() { exits 42 env ENGRAFT_DEBUG=trap "$engraft" run --log=l ./show &&
    grep -qx ENGRAFT_DEBUG=trap out; }
it "--log leaves ENGRAFT_DEBUG as it is" areas_kept
disabled() { exits 42 env ENGRAFT_DISABLE=1 "$engraft" run ./show && err_has "ENGRAFT_DISABLE"; }
it "ENGRAFT_DISABLE is spoken of" disabled

# ---- commands that cannot be started

it "no such command is 127" exits 127 "$engraft" run no-such-command-here
it "and says so" err_has "engraft: no-such-command-here: command not found"
it "no such file is 127" exits 127 "$engraft" run ./no-such-file
echo text >text
it "not executable is 126" exits 126 "$engraft" run ./text
it "a directory is 126" exits 126 "$engraft" run ./

# ---- paths that LD_PRELOAD cannot hold

# shellcheck disable=SC2016
for name in 'a b' a:b 'a$b'; do
    mkdir "$name" && cp libengraft-preload.so "$name"
    it "a library under '$name' is an error" exits 1 \
        env ENGRAFT_PRELOAD="$name/libengraft-preload.so" "$engraft" run ./show
    it "that names the path" err_has "$real/$name/libengraft-preload.so: LD_PRELOAD cannot hold"
done
it "ENGRAFT_PRELOAD without a file is an error" exits 1 \
    env ENGRAFT_PRELOAD=nothing "$engraft" run ./show
it "that names the variable" err_has ENGRAFT_PRELOAD

# ---- programs that preloading does not reach

says() { # TEXT PROGRAM: whatever comes of the program
    run "$engraft" run "$2"
    err_has "$1"
}
if "${CC:-cc}" -static show.c -o show-static 2>/dev/null; then
    it "a static program starts" exits 42 "$engraft" run ./show-static
    it "and is called static" err_has "./show-static: is statically linked"
    "${CC:-cc}" -static-pie show.c -o show-pie 2>/dev/null &&
        it "a static PIE, too" says "./show-pie: is statically linked" ./show-pie
else
    skip "a static program" "no static libc"
fi
patched() { # OFFSET NAME BYTE: ./show as NAME.elf with one byte of its header replaced
    local offset=$1
    shift
    cp show "$1.elf" &&
        printf '%b' "$2" | dd of="$1.elf" bs=1 seek="$offset" conv=notrunc status=none
}
patched 4 class '\0001'
it "a 32-bit program" says "./class.elf: is a 32-bit program" ./class.elf
patched 18 machine '\0363' # EM_RISCV
it "a program for another machine" says "./machine.elf: is a program for another machine" \
    ./machine.elf
"${CC:-cc}" show.c -o show-musl -Wl,--dynamic-linker=/lib/ld-musl-nowhere.so.1
it "a program for musl" says "./show-musl: is linked with musl (/lib/ld-musl-nowhere.so.1)" \
    ./show-musl

printf '#! /bin/sh\nexec ./show\n' >script
chmod +x script
it "a script starts" exits 42 "$engraft" run ./script
it "its interpreter is named" err_has "./script: is a script: what counts is its interpreter /bin/sh"
it "it gets the library" out_has "LD_PRELOAD=$real/libengraft-preload.so"
if [ -x show-static ]; then
    printf '#!%s/show-static\n' "$real" >script-static
    chmod +x script-static
    it "a script with a static interpreter" exits 42 "$engraft" run ./script-static
    it "is told about both" err_has "$real/show-static: is statically linked"
fi
printf '#! ./loop\n' >loop
chmod +x loop
it "a script that is its own interpreter ends" exits 126 timeout 20 "$engraft" run ./loop

cp show show-setuid
if [ "$(id -u)" = 0 ] && chown 65534:65534 show-setuid && chmod 4755 show-setuid; then
    it "a set-user-ID program starts" exits 42 "$engraft" run ./show-setuid
    it "and is told of" err_has "./show-setuid: is set-user-ID"
    chmod 2755 show-setuid
    it "a set-group-ID program is told of" says "./show-setuid: is set-group-ID" ./show-setuid
else
    skip "a set-user-ID program" "only root can make one for somebody else"
fi
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
cp show show-capable
if [ "$(id -u)" = 0 ] && command -v setcap setpriv >/dev/null &&
    setcap cap_net_bind_service=ep show-capable 2>/dev/null &&
    as_nobody "$engraft" --version >/dev/null 2>&1
then
    run as_nobody "$engraft" run ./show-capable
    it "a program with file capabilities is told of" err_has \
        "./show-capable: has file capabilities"
else
    skip "a program with file capabilities" "needs root, setcap, and a build that all can read"
fi

# ---- the library of this build

unset ENGRAFT_PRELOAD
if [ -n "${ENGRAFT_SANITIZERS-}" ]; then
    skip "the library is mapped" "a program without ASan cannot load a libengraft that has it"
else
    it "cat starts with the library of this build" exits 0 "$engraft" run cat /proc/self/maps
    it "which is mapped" out_has libengraft-preload.so
    it "and libengraft with it" out_has libengraft.so.0
    it "and prints nothing by itself" err_empty
fi
tap_end
