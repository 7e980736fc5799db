#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each harness for a bounded number of runs. ENGRAFT_FUZZ_RUNS and ENGRAFT_FUZZ_SEED ask for more, or
# for others.
. "${abs_top_srcdir:?}/tests/tap.sh"
here=$srcdir/tests/fuzz
build=${abs_top_builddir:?}
fuzzers=$build/tests/fuzz
runs=${ENGRAFT_FUZZ_RUNS:-20000}
seed=${ENGRAFT_FUZZ_SEED:-1}
cc=${CC:-cc}
[ -x "$fuzzers/fuzz_image" ] || tap_skip_all 'the compiler has no ASan and UBSan'
cd "$work" || exit 99
mkdir inputs notes searched getters engines fixups

echo 'SEED_1 { global: seed*; local: *; }; SEED_2 { } SEED_1;' >seed.map
object() { # NAME FLAG...
    $cc -shared -fPIC -O1 -o "inputs/$1" "$here/seed.c" "${@:2}"
}
{
    object gnu.so -Wl,--hash-style=gnu -Wl,--version-script=seed.map
    object sysv.so -Wl,--hash-style=sysv -Wl,--version-script=seed.map
    object both.so -Wl,--hash-style=both -Wl,--version-script=seed.map -Wl,-z,now
    object lld.so -fuse-ld=lld -Wl,--version-script=seed.map -Wl,--pack-dyn-relocs=relr
    object stripped.so -s -Wl,--version-script=seed.map
    echo 'int main(void) { return 0; }' >main.c
    $cc -o inputs/program main.c -pie -fPIE
    $cc -o inputs/fixed main.c -no-pie
    for level in 0 2; do
        $cc -shared -fPIC "-O$level" -o "getters/$level.so" "$here/seed_getter.c"
        objcopy -O binary --only-section=.text "getters/$level.so" "getters/$level"
    done
    for level in 1 2 s; do
        $cc -shared -fPIC "-O$level" -o "fixups/$level.so" "$here/seed_fixups.c"
        objcopy -O binary --only-section=.text "fixups/$level.so" "fixups/$level"
    done
    printf 'fk_call func\nfk_data object 4 FK_1\nfk_address func\n' >list
    "$engraft" stub --symbols list -o . --name list --plugin-abi fk:1.0
    "$engraft" stub --from inputs/gnu.so -o . --name from --plugin-abi v8:10.2
    cp ./*.so inputs/
    objcopy --strip-debug "$build/.libs/libengraft-preload.so" inputs/preload.so
    objcopy --strip-debug "$build/.libs/libengraft.so.0" inputs/libengraft.so
} >build.log 2>&1
sed 's/^/# /' build.log
for file in inputs/*; do
    objcopy -O binary --only-section=.note.engraft "$file" "notes/${file##*/}" 2>/dev/null
    [ -s "notes/${file##*/}" ] || rm -f "notes/${file##*/}"
done

# A V8's version as text and integers, and with a snapshot's header; constants come before data.
zeros() { head -c "$1" /dev/zero; }
{
    printf '13.6.233.17-node.53\0%s\0' 'the virtual address space for the V8 sandbox'
    zeros 12
    printf '\1\0\0\0\1\0\0\0abcd13.6.233.17-node.53'
    zeros 45
    printf '\0\20\0\0\0\40\0\0'
    zeros 303
    printf '\21\0\0\0\351\0\0\0\6\0\0\0\15\0\0\0'
} >searched/v8
cp inputs/gnu.so searched/

# What /proc says of a process.
mkdir processes
cat /proc/self/maps >processes/maps
id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
printf '%s\n' "4:memory:/docker/$id" '1:name=systemd:/lxc.payload.web/init.scope' \
    "0::/machine.slice/machine-a\\x2db.scope/cri-containerd-$id.scope" >processes/cgroup

# Other machines' objects, and cores: written by code.
mkdir foreign
$cc -D_GNU_SOURCE -I"$srcdir" -o seed_foreign "$here/seed_foreign.c" \
    "$srcdir"/tests/probes/foreign_{object,core}.c 2>foreign.log && ./seed_foreign "$PWD/foreign"
sed 's/^/# /' foreign.log

# Files that have what engines are recognised by, of two word sizes, and small engines that are there.
for group in 0 1 2 3; do
    "$fuzzers/seed_engines" $group 4 >engines.c
    $cc -w -shared -fPIC -O1 -nostdlib -o engines/$group.so engines.c
    $cc -w -m32 -shared -fPIC -O1 -nostdlib -o engines/narrow-$group.so engines.c
done >engines.log 2>&1
for group in 0 5 10; do # few in each: many are a catalogue
    "$fuzzers/seed_engines" $group 12 texts >engines.c
    $cc -w -shared -fPIC -nostdlib -s -o engines/texts-$group.so engines.c
done
for name in lua5.4-bookworm duktape-2.7 mujs-1.3.2; do
    library=$(find "$("$srcdir/tests/world" path $name)" -name 'lib*.so.*' -type f 2>/dev/null |
        head -n 1)
    [ -z "$library" ] || cp "$library" "engines/$name"
done

enough() { [ "$(ls engines | wc -l)" -ge 5 ] && [ "$(ls inputs | wc -l)" -ge 8 ] &&
    [ "$(ls notes | wc -l)" -ge 1 ] &&
    [ "$(ls foreign | wc -l)" -ge 22 ]; }
fuzz() { # HARNESS RUNS FILE...
    local status=0
    "$fuzzers/$1" "$2" "$seed" "${@:3}" >out 2>&1 || status=$?
    grep '^#' out | sed "s/^# /# $1: /" >&3
    [ "$status" = 0 ] && return
    [ ! -e fuzz-crash ] || { cp fuzz-crash "$fuzzers/$1.crash"; echo "input: $fuzzers/$1.crash"; }
    tail -n 40 out
    return 1
}
exec 3>&1

# A harness that cannot fail proves nothing: this one reads behind its input.
bad() {
    echo '#include "fuzz.h"
        volatile unsigned char sink;
        int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
        { for (size_t i = 0; i < size; i++) if (bytes[i] == 0xff) sink = bytes[size]; return 0; }' \
        >bad.c
    $cc -D_GNU_SOURCE -fsanitize=address,undefined -I"$here" -o bad bad.c "$here/driver.c" 2>bad.log ||
        { cat bad.log; return 1; }
    ! ./bad 1000 1 bad.c 2>bad.log && grep -q heap-buffer-overflow bad.log && [ -s fuzz-crash ] &&
        ! ./bad 0 0 fuzz-crash 2>/dev/null
    local status=$?
    rm -f fuzz-crash
    return $status
}

record() {
    $cc -I"$here" -I"$srcdir/relinker" -o seed_live "$here/seed_live.c" && ./seed_live >live
}

it 'there are files to start from' enough
it 'bad: a harness that reads too far is caught, and its input is kept' bad
it "images, $((runs / 2)) runs" fuzz fuzz_image $((runs / 2)) inputs/*
it "notes, $((runs / 4)) runs" fuzz fuzz_note $((runs / 4)) notes/*
it 'the records of a process' record
it "records, $((runs / 4)) runs" fuzz fuzz_live $((runs / 4)) live
it "files, $((runs / 4)) runs" fuzz fuzz_file $((runs / 4)) inputs/*
it "objects of other machines and cores, $((runs / 4)) runs" fuzz fuzz_file $((runs / 4)) foreign/*
it "searches, $((runs / 4)) runs" fuzz fuzz_scan $((runs / 4)) searched/*
it "processes, $((runs / 4)) runs" fuzz fuzz_process $((runs / 4)) processes/*
it "identification, $((runs / 4)) runs" fuzz fuzz_identify $((runs / 4)) engines/* foreign/*
it "getters, $((runs / 8)) runs" fuzz fuzz_getter $((runs / 8)) getters/*
it "fix-ups, $((runs / 8)) runs" fuzz fuzz_fixups $((runs / 8)) fixups/*
tap_end
