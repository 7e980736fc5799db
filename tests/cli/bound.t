#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What inspect tells of a process in which engraft is active: read from outside, while it runs.
. "${abs_top_srcdir:?}/tests/tap.sh"

"${PYTHON:=python3}" -c 'import jsonschema' 2>/dev/null || tap_skip_all "no Python with jsonschema"
cd "$work" || exit 99
library=${abs_top_builddir:?}/.libs/libengraft.so.0

inspect() { # EXPRESSION over the JSON of inspecting $pid, which is valid
    run "$engraft" inspect --json "$pid" && [ "$(cat status)" = 0 ] && valid inspect out &&
        json out "$1"
}
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
narrow() { [ "$(wc -L <out)" -le 80 ] || shown; }

# ---- where it is not active

it "a program that is no process" exits 0 "$engraft" inspect --json "$library"
it "is valid" valid inspect out
it "nothing is active in a file, not even in the library itself" json out 'j["engraft"] is None'
cat >host.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
#ifdef FORGED
struct { char magic[8]; unsigned layout, size; char version[16]; unsigned long rest[5]; }
    engraft_live = FORGED;
#endif
int main(int argc, char **argv)
{
    char byte;

    if (argc > 1 && !dlopen(argv[1], RTLD_NOW)) {
        puts(dlerror());
        return 1;
    }
    puts("up");
    fflush(stdout);
    return read(0, &byte, 1) != 0;
}
C
host() { # OUTPUT OPTION...
    local output=$1
    shift
    "${CC:-cc}" host.c -o "$output" "$@" -rdynamic -ldl || exit 99
}
start() { # COMMAND...: a process that has said "up", in $pid
    coproc PROCESS { exec "$@" 2>&1; }
    pid=$PROCESS_PID
    read -r word <&"${PROCESS[0]}" && [ "$word" = up ] || echo "# it said: ${word-}"
}
end() { # it ends with its input
    eval "exec ${PROCESS[1]}>&-"
    wait "$pid"
}
host plain
start ./plain
it "a process without it" inspect 'j["engraft"] is None'
it "for people" exits 0 "$engraft" inspect "$pid"
nothing() { ! grep -q '^engraft' out; }
it "nothing is said of it" nothing
end

# ---- found by its symbol, not by its name

if [ -n "${ENGRAFT_SANITIZERS-}" ]; then
    skip "a library of another name" "a program without ASan cannot load a libengraft that has it"
else
    cp "$library" some-other.so
    start ./plain ./some-other.so
    it "a library of another name" inspect 'j["engraft"]["version"] == "'"${ENGRAFT_VERSION:-0.1.0}"'" and
        j["engraft"]["module"].endswith("/some-other.so") and j["engraft"]["problem"] is None and
        j["engraft"]["plugins"] == [] and j["engraft"]["refused"] == []'
    rm some-other.so
    it "whose file is gone" inspect 'j["engraft"]["problem"] is None'
    end

    mkdir -p root/here
    {
        cp plain "$library" root/here/ && mkdir -p root/dev
        ldd ./plain "$library" | grep -o '/[^ :]*' | sort -u | while read -r file; do
            [ "$file" = "$library" ] || cp --parents "$file" root/
        done
    } 2>/dev/null
    if [ "$(id -u)" = 0 ] && chroot root /here/plain </dev/null >/dev/null 2>&1; then
        start chroot root /here/plain /here/libengraft.so.0
        it "a library in another root" inspect 'j["engraft"]["problem"] is None and
            j["engraft"]["module"].endswith("/here/libengraft.so.0")'
        end
    else
        skip "a library in another root" "chroot is for root"
    fi
fi
it "the command itself" exits 0 "$engraft" inspect --json self
it "is valid" valid inspect out
it "has the library, with nothing bound" json out 'j["engraft"]["plugins"] == [] and
    "libengraft" in j["engraft"]["module"]'

# ---- records that are none

host forged -DFORGED='{ "FORGED", 1, 72, "0.1.0", {0} }'
start ./forged
it "another thing of that name" inspect 'j["engraft"]["version"] is None and
    "not engraft'"'"'s" in j["engraft"]["problem"] and j["engraft"]["plugins"] == []'
end
host later -DFORGED='{ "ENGRAFT", 77, 80, "9.8.7", {0} }'
start ./later
it "a later engraft" inspect 'j["engraft"]["version"] == "9.8.7" and
    "9.8.7 is active" in j["engraft"]["problem"]'
it "for people" exits 0 "$engraft" inspect "$pid"
it "says so" grep -q '^problem *engraft 9.8.7 is active there' out
end
host wild -DFORGED='{ "ENGRAFT", 1, 72, "0.1.0", {2, 0x10, 1000, 0x20, ~0ul} }'
start ./wild
it "records that lead nowhere" inspect '"leads nowhere" in j["engraft"]["problem"]'
end
host endless -DFORGED='{ "ENGRAFT", 1, 72, "0.1.0", {3, 0, 0, 0, 0} }'
start ./endless
it "a change that does not end" inspect '"being changed" in j["engraft"]["problem"]'
end

# ---- a plugin that goes: nobody tells engraft, and it is not there any more

cat >engine.c <<'C'
int fake_ready = 1;
int fake_answer(void) { return 42; }
C
cat >fake-plugin.c <<'C'
int fake_answer(void);
int plugin_answer(void) { return fake_answer(); }
C
cat >loader.c <<'C'
#include <dlfcn.h>
#include <engraft.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    void *library = dlopen(argv[1], RTLD_NOW), *engine = dlopen("./engine.so", RTLD_NOW);
    void *bound, *attached = dlopen("./attached.so", RTLD_LAZY);
    struct engraft_error error = {0};
    char byte;

    if (argc < 2 || !library || !engine || !attached ||
        ((__typeof__(&engraft_dlopen))dlsym(library, "engraft_dlopen"))("./bound.so", RTLD_NOW,
                                                                        &bound, &error) ||
        ((__typeof__(&engraft_relink))dlsym(library, "engraft_relink"))(attached, &error)) {
        printf("%s %s\n", dlerror(), error.reason);
        return 1;
    }
    puts("up");
    fflush(stdout);
    if (read(0, &byte, 1) != 1)
        return 1;
    dlclose(bound);
    dlclose(attached);
    puts("closed");
    fflush(stdout);
    return read(0, &byte, 1) != 0;
}
C
both() { # EXPRESSION over each plugin `p`
    inspect "sorted((p['path'].split('/')[-1], p['door'], p['verdict'], p['host_abi'], $1)
        for p in j['engraft']['plugins']) == [('attached.so', 'relink', 'exact', 'fake:1.0', True),
        ('bound.so', 'api', 'exact', 'fake:1.0', True)]"
}
close_them() {
    echo -n x >&"${PROCESS[1]}" && read -r word <&"${PROCESS[0]}" && [ "$word" = closed ]
}
{
    "${CC:-cc}" -shared -fPIC engine.c "$srcdir/tests/matrix/fake_note.c" -DFAKE_VERSION='"1.0"' \
        -Wl,-soname,engine.so -o engine.so &&
        "${CC:-cc}" -shared -fPIC fake-plugin.c -o bound.so && cp bound.so attached.so &&
        "${CC:-cc}" -I"$srcdir/relinker" loader.c -o loader -ldl
} || exit 99
if [ -n "${ENGRAFT_SANITIZERS-}" ]; then
    skip "plugins that go" "a program without ASan cannot load a libengraft that has it"
else
    start env ENGRAFT_PLUGIN_ABI=fake:1.0 ./loader "$library"
    it "plugins bound by calls of the API" both "p['loaded']"
    it "they are closed" close_them
    it "and are told to be unloaded" both "not p['loaded']"
    it "for people, too" exits 0 "$engraft" inspect "$pid"
    it "as plugin (unloaded)" out_has "bound.so (unloaded)"
    end
fi

# ---- a real engine

[ -z "${ENGRAFT_SANITIZERS-}" ] || {
    skip "node" "a program without ASan cannot load a libengraft that has it"
    tap_end
}
directory=$("$srcdir/tests/world" get node-18.20.8 2>world.log) || {
    skip "node" "$(tail -n 1 world.log)"
    tap_end
}
"${CXX:-c++}" -x c++ -std=c++17 -fsyntax-only /dev/null 2>/dev/null || {
    skip "node" "no C++ compiler"
    tap_end
}
compile() { # OUTPUT OPTION...
    local output=$1
    shift
    "${CXX:-c++}" -std=c++17 -shared -fPIC -w -I"$directory/include/node" \
        "$srcdir/tests/cli/plugin.cc" "$@" -o "$output" || exit 99
}
compile good.so
compile missing.so -DMISSING
cp good.so refused.so
cat >load.js <<'JS'
const load = name => {
  const m = {exports: {}};
  process.dlopen(m, __dirname + '/' + name);
  return m.exports;
};
const good = load('good.so'), missing = load('missing.so');
for (let i = 0; i < 3; i++)
  try { load('refused.so'); } catch (error) { missing.why = String(error); }
console.log('up');
require('readline').createInterface({input: process.stdin}).on('line', line => {
  for (let i = 0; i < Number(line); i++) missing.answer();
  console.log(line);
});
JS
start "$engraft" run --log=log --trap=return --plugin-abi=refused.so=v8:10.8 -- \
    "$directory/bin/node" load.js
calls() { # N: calls the missing function so many times
    echo "$1" >&"${PROCESS[1]}"
    while read -r word <&"${PROCESS[0]}"; do
        [ "$word" != "$1" ] || return 0 # else the trap speaks
    done
    return 1
}
it "a plugin is bound exactly" inspect '[(p["path"].split("/")[-1], p["door"], p["verdict"],
    p["reason"], p["counts"]["trap"], p["traps"], p["traps_hit"], p["loaded"], p["audited"])
    for p in j["engraft"]["plugins"]][0] ==
    ("good.so", "preload", "exact", "", 0, [], 0, True, True)'
it "its references are counted" json out 'j["engraft"]["plugins"][0]["counts"]["direct"] > 3'
it "both versions are told" json out '[(p["plugin_abi"], p["plugin_abi_source"], p["host_abi"])
    for p in j["engraft"]["plugins"]] ==
    [("v8:10.2", "module-version", "v8:10.2.154.26-node.39")] * 2'
it "the host is the program" json out 'j["engraft"]["plugins"][0]["host"] ==
    [j["engines"][0]["modules"][0]["path"]]'
it "a plugin with a trap is degraded" json out '[(p["path"].split("/")[-1], p["verdict"],
    p["counts"]["trap"]) for p in j["engraft"]["plugins"]][1:] == [("missing.so", "degraded", 1)]'
it "the trap was not hit yet" json out 'j["engraft"]["plugins"][1]["traps"] ==
    [{"symbol": "_ZN2v823NoEngineHasThisFunctionEi",
      "demangled": "v8::NoEngineHasThisFunction(int)", "hits": 0}]'
it "a refusal is told once, with its reason" json out 'len(j["engraft"]["refused"]) == 1 and
    j["engraft"]["refused"][0]["path"].endswith("/refused.so") and
    "10.8" in j["engraft"]["refused"][0]["reason"]'
it "the trap is called" calls 3
it "three times" inspect 'j["engraft"]["plugins"][1]["traps"][0]["hits"] == 3 and
    j["engraft"]["plugins"][1]["traps_hit"] == 3'
it "and again" calls 1000
it "which is counted" inspect 'j["engraft"]["plugins"][1]["traps_hit"] == 1003'
kill -STOP "$pid"
it "a stopped process: nothing runs in it" inspect 'len(j["engraft"]["plugins"]) == 2'
stopped() { [ "$(awk '$1 == "State:" { print $2 }' "/proc/$pid/status")" = T ]; }
it "and it stays stopped" stopped
kill -CONT "$pid"
it "for people" exits 0 "$engraft" inspect "$pid"
it "the verdicts" grep -qE '^verdict +degraded$' out
it "the trap and its hits" grep -qE '^1003 +v8::NoEngineHasThisFunction\(int\)$' out
it "the refusal" grep -qE '^refused +/.*/refused.so$' out
it "in 80 columns" narrow
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
    as_nobody "$engraft" --version >/dev/null 2>&1
then
    it "another user" exits 1 as_nobody "$engraft" inspect "$pid"
    it "is told why not" err_has "no permission to read the process"
else
    skip "another user" "needs root, setpriv, and a build that all can read"
fi
end

# ---- a core file: which trap ended the process

mkdir core-here
crash() { # the trap aborts; the kernel writes the core where the process is
    cd core-here && ulimit -c unlimited &&
        "$engraft" run -- "$directory/bin/node" -e '
            const load = name => {
              const m = {exports: {}};
              process.dlopen(m, "../" + name);
              return m.exports;
            };
            load("good.so");
            load("missing.so").answer();'
}
pattern=$(cat /proc/sys/kernel/core_pattern)
case $pattern in
*/* | *'|'*) skip "a core file" "the kernel's core_pattern is $pattern" ;;
*)
    (crash) >crash.log 2>&1
    pid=$(echo core-here/*)
    if [ -f "$pid" ]; then
        it "a core file" inspect '[(p["path"].split("/")[-1], p["verdict"], p["traps_hit"],
            p["loaded"]) for p in j["engraft"]["plugins"]] ==
            [("good.so", "exact", 0, True), ("missing.so", "degraded", 1, True)]'
        it "names the trap" json out '[(t["demangled"], t["hits"])
            for t in j["engraft"]["plugins"][1]["traps"]] == [("v8::NoEngineHasThisFunction(int)", 1)]'
        truncate -s 1M "$pid"
        it "one that is cut off has nothing to tell" exits 0 "$engraft" inspect --json "$pid"
        it "is valid" valid inspect out
        it "and says so" json out 'j["engraft"] is None or "no copy" in j["engraft"]["problem"] or
            "leads nowhere" in j["engraft"]["problem"]'
    else
        skip "a core file" "the kernel wrote none"
    fi
    ;;
esac
tap_end
