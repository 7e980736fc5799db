#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Core files of real processes: what is told of the files that are still there, and of those that are
# not. The kernel writes the cores where it is told to (core_pattern "core"); else gdb's gcore.
. "${abs_top_srcdir:?}/tests/tap.sh"
cc=${CC:-cc}
cd "$work" || exit 99
pattern=$(cat /proc/sys/kernel/core_pattern)
ulimit -c unlimited 2>/dev/null
can_dump=
[ "$pattern" = core ] && [ "$(ulimit -c)" = unlimited ] && can_dump=1
command -v gcore >/dev/null && can_gcore=1 || can_gcore=
[ -n "$can_dump$can_gcore" ] ||
    tap_skip_all "the kernel writes no core files here (core_pattern $pattern), and there is no gcore"

# ---- a program with a library that says it is V8

cat >library.c <<'SOURCE'
int major_ __asm__("_ZN2v88internal7Version6major_E") = 10;
int minor_ __asm__("_ZN2v88internal7Version6minor_E") = 2;
int build_ __asm__("_ZN2v88internal7Version6build_E") = 154;
int patch_ __asm__("_ZN2v88internal7Version6patch_E") = PATCH;
const char *embedder_ __asm__("_ZN2v88internal7Version9embedder_E") = "-node.39";
void *platform_ __asm__("_ZN2v88internal2V89platform_E");
void version(void) __asm__("_ZN2v82V810GetVersionEv");
void version(void) { platform_ = &major_; }
SOURCE
cat >program.c <<'SOURCE'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
void version(void) __asm__("_ZN2v82V810GetVersionEv");
int main(int argc, char **argv)
{
    version();
    if (argc > 1 && argv[1][0] == 'w') {
        puts("ready");
        fflush(stdout);
        pause();
    }
    abort();
}
SOURCE
mkdir lib
{
    $cc -w -DPATCH=26 -shared -fPIC -o lib/libengine.so library.c -Wl,--build-id=0xaabbccdd &&
        $cc -w -DPATCH=27 -shared -fPIC -o other.so library.c -Wl,--build-id=0xaabbccee &&
        $cc -w -DPATCH=26 -shared -fPIC -o lib/libbare.so library.c -Wl,--build-id=none &&
        $cc -w -DPATCH=27 -shared -fPIC -o bare-other.so library.c -Wl,--build-id=none &&
        $cc -o program program.c -Llib -lengine -Wl,-rpath,"$work/lib" &&
        $cc -o bare program.c -Llib -lbare -Wl,-rpath,"$work/lib"
} >build.log 2>&1 || { cat build.log >&2; exit 99; }
cp lib/libengine.so lib/libbare.so .

# dump CORE FILTER PROGRAM ARGUMENT...: runs it until it aborts; FILTER is /proc/PID/coredump_filter.
dump() {
    local core=$1 filter=$2
    shift 2
    if [ -n "$can_dump" ]; then
        mkdir -p dumps && rm -f dumps/core*
        (cd dumps && echo "$filter" >/proc/self/coredump_filter && exec "$@") >/dev/null 2>&1
        mv dumps/core* "$core"
    else
        coproc waiter { echo "$filter" >/proc/self/coredump_filter; exec "$@" wait; }
        read -r _ <&"${waiter[0]}"
        gcore -o "$core" "$waiter_PID" >gcore.log 2>&1 && mv "$core".* "$core"
        kill "$waiter_PID"
    fi
    [ -s "$core" ]
}

inspected() { # CORE: into out.json
    "$engraft" inspect --json "$1" >out.json 2>err || { cat err; return 1; }
    valid inspect out.json
}

v8() { # VERSION
    json out.json "[e['version'] for e in j['engines'] if e['engine'] == 'v8'] == ['$1']"
}

it 'a program aborts and leaves a core' dump core 0x33 "$work/program"
it 'bare: one whose library has no build-id' dump bare.core 0x33 "$work/bare"

everything_there() {
    inspected core && v8 10.2.154.26-node.39 && json out.json "j['missing'] == []" &&
        json out.json "j['engines'][0]['modules'][0]['path'].endswith('/lib/libengine.so')" &&
        json out.json "j['engines'][0]['modules'][0]['build_id'] == 'aabbccdd'"
}
it 'the files are there: engine, version, module' everything_there
it 'what changed in the process is read from the core' json out.json "j['engines'][0]['ready'] is True"

missing() { # CORE REASON: libengine.so or libbare.so is missing
    inspected "$1" &&
        json out.json "len(j['missing']) == 1 and '$2' in j['missing'][0]['reason']"
}
gone() {
    rm lib/libengine.so
    missing core 'No such file' &&
        json out.json "j['missing'][0]['path'] == '$work/lib/libengine.so'" &&
        json out.json "j['missing'][0]['build_id'] == 'aabbccdd'"
}
it 'a file that is gone is named, with its build-id' gone
replaced() {
    cp other.so lib/libengine.so
    missing core 'its build-id is aabbccee' &&
        json out.json "not any(e['version'] == '10.2.154.27-node.39' for e in j['engines'])"
}
it 'another build at its path is not taken for it' replaced
not_an_object() {
    echo 'no longer a library' >lib/libengine.so
    missing core 'not an ELF object'
}
it 'a text at its path neither' not_an_object
back() {
    cp libengine.so lib/libengine.so
    inspected core && v8 10.2.154.26-node.39
}
it 'the file is back' back

bare_there() { inspected bare.core && v8 10.2.154.26-node.39 && json out.json "j['missing'] == []"; }
it 'no build-id: the first page tells' bare_there
bare_replaced() {
    cp bare-other.so lib/libbare.so
    # one number in .data differs: nothing that was loaded from the first page does
    printf '\x7f' | dd of=lib/libbare.so bs=1 seek=200 conv=notrunc 2>/dev/null
    missing bare.core 'another file lies there now'
}
it 'no build-id: another first page is another file' bare_replaced
cp libbare.so lib/libbare.so

# Without the first page (bit 4 of the filter), .dynamic is left to compare.
without_headers() {
    dump plain.core 0x3 "$work/program" && inspected plain.core && v8 10.2.154.26-node.39 &&
        json out.json "j['missing'] == []"
}
it 'no headers in the core: the dynamic section tells' without_headers
other_dynamic() {
    $cc -w -DPATCH=27 -DLONGER=1 -shared -fPIC -o lib/libengine.so library.c \
        -Wl,-soname,libengine-with-another-name.so || return
    missing plain.core 'another file lies there now'
}
it 'no headers in the core: another dynamic section is another file' other_dynamic
rm lib/libengine.so
it 'no headers, no file: still named' missing plain.core 'No such file'
cp libengine.so lib/libengine.so

# Bits 0-5: file mappings too; then nothing is needed but the core.
whole() {
    dump whole.core 0x3f "$work/program" && rm lib/libengine.so && inspected whole.core &&
        v8 10.2.154.26-node.39 && json out.json "j['missing'] == []"
}
it 'a core with the file mappings needs no files' whole
cp libengine.so lib/libengine.so

# ---- cores that are not whole

cut() { # SIZE: any outcome but a crash, and a reason when it fails
    head -c "$1" core >cut.core
    run "$engraft" inspect cut.core
    case $(cat "$work/status") in
    0) return 0 ;;
    [1-9]) [ -s "$work/err" ] || shown ;;
    *) shown ;;
    esac
}
cuts() {
    local size step
    size=$(stat -c %s core)
    step=$((size / 40))
    for ((at = 1; at < size; at += step)); do cut "$at" || return; done
    for at in 16 17 18 20 52 64 100 500 1000 2000 4000 6000 8000; do cut "$at" || return; done
}
it 'a core cut off anywhere gives an answer or a reason' cuts
nearly_whole() {
    head -c $(($(stat -c %s core) - 4096)) core >cut.core
    inspected cut.core && v8 10.2.154.26-node.39
}
it 'a core without its last page tells what the whole one does' nearly_whole

# ---- what else takes a core

refused() { exits 1 "$engraft" check core --host core || exits 2 "$engraft" check core --host core
    err_has 'a plugin is a file'; }
it 'a core is no plugin' refused

echo 'void version(void) __asm__("_ZN2v82V810GetVersionEv"); void plug(void) { version(); }' >plugin.c
$cc -shared -fPIC -o plugin.so plugin.c 2>build.log || { cat build.log >&2; exit 99; }
checked() {
    exits 0 "$engraft" check plugin.so --host core --plugin-abi v8:10.2 && out_has '10.2.154.26-node.39' &&
        out_has exact
}
it 'a plugin is checked against the process that was' checked
unchecked() {
    rm lib/libengine.so
    exits 12 "$engraft" check plugin.so --host plain.core --plugin-abi v8:10.2
}
it 'a plugin is not checked against an engine whose file is gone' unchecked
cp libengine.so lib/libengine.so

# ---- real engines

version_of() { # ENGINE CORE
    "$engraft" inspect --json "$2" | "$PYTHON" -c 'import json, sys
print([e["version"] for e in json.load(sys.stdin)["engines"] if e["engine"] == sys.argv[1]])' "$1"
}
same() { [ "$1" = "$2" ] || { echo "$1, expected $2"; return 1; }; }

if [ -z "$can_dump" ]; then
    skip 'node' "the kernel writes no core files here (core_pattern $pattern)"
    skip 'python' "the kernel writes no core files here (core_pattern $pattern)"
    skip 'perl' "the kernel writes no core files here (core_pattern $pattern)"
else
    if command -v node >/dev/null; then
        expected=$(node -p process.versions.v8)
        node_core() {
            dump node.core 0x33 node -e 'process.abort()' &&
                same "$(version_of v8 node.core)" "['$expected']"
        }
        it "node: V8 $expected" node_core
        it "as JSON" exits 0 "$engraft" inspect --json node.core
        it "is valid" valid inspect out
        it "with the process that it was" json out 'j["core"]["signal"] == 6 and
            j["core"]["truncated"] is False and "node" in j["core"]["command"] and j["core"]["pid"] > 0'
        it "for people" exits 0 "$engraft" inspect node.core
        it "with the signal" out_has "ended by SIGABRT"
    else
        skip 'node' 'there is no node here'
    fi
    expected=$("$PYTHON" -c 'import platform; print(platform.python_version())')
    python_core() {
        dump python.core 0x33 "$PYTHON" -c 'import os; os.abort()' &&
            same "$(version_of cpython python.core)" "['$expected']"
    }
    it "python: $expected" python_core
    if command -v perl >/dev/null; then
        expected=$(perl -e 'printf "%vd", $^V')
        perl_core() {
            dump perl.core 0x33 perl -e 'kill "ABRT", $$; sleep 9' &&
                same "$(version_of perl perl.core)" "['$expected']"
        }
        it "perl: $expected" perl_core
    else
        skip 'perl' 'there is no perl here'
    fi
fi

if [ -n "$can_gcore" ]; then
    of_gcore() {
        coproc waiter2 { exec "$work/program" wait; }
        read -r _ <&"${waiter2[0]}"
        gcore -o gcore "$waiter2_PID" >gcore.log 2>&1
        kill "$waiter2_PID"
        inspected gcore.* && v8 10.2.154.26-node.39 && json out.json "j['missing'] == []"
    }
    it "gdb's gcore writes such files, too" of_gcore
else
    skip "gdb's gcore writes such files, too" 'there is no gcore'
fi

# A process of 32 bits leaves a core of 32 bits.
if [ -n "$can_dump" ] &&
    echo 'int major_ __asm__("_ZN2v88internal7Version6major_E") = 10;
        int minor_ __asm__("_ZN2v88internal7Version6minor_E") = 2;
        int build_ __asm__("_ZN2v88internal7Version6build_E") = 154;
        int patch_ __asm__("_ZN2v88internal7Version6patch_E") = 1;
        void version(void) __asm__("_ZN2v82V810GetVersionEv"); void version(void) { }
        void _start(void) { *(volatile int *)0 = 0; }' >narrow.c &&
    $cc -w -m32 -nostdlib -static -fno-pic -no-pie -o narrow narrow.c 2>/dev/null &&
    dump narrow.core 0x33 "$work/narrow" 2>/dev/null; then
    narrow() { inspected narrow.core && v8 10.2.154.1; }
    it 'a core of a 32-bit process' narrow
else
    skip 'a core of a 32-bit process' 'none can be made here'
fi

tap_end
