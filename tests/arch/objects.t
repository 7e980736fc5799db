#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The objects that are loaded into other people's processes: which glibc they need, what they export.
. "${abs_top_srcdir:?}/tests/tap.sh"
. "$srcdir/tests/arch/checks.sh"
build=${abs_top_builddir:?}/.libs
cc=${CC:-cc}
cd "$work" || exit 99

# First, objects that are wrong. The one that needs too new a glibc is linked to a C library of that
# name, so that it is too new wherever this runs.
echo 'GLIBC_2.32 { global: newer; local: *; };' >newer.map
echo 'GLIBC_2.31 { global: older; local: *; };' >older.map
echo 'int newer(void) { return 0; }' >newer.c
echo 'int older(void) { return 0; }' >older.c
echo 'int newer(void); int use(void) { return newer(); }' >needs-newer.c
echo 'int older(void); int use(void) { return older(); }' >needs-older.c
echo 'int shown; extern int elsewhere; int *place = &elsewhere;' >plain.c
# Position-dependent code: the linker writes text relocations for it.
echo '.text; .globl f; f: .quad f; .section .note.GNU-stack,"",@progbits' | tr ';' '\n' >text.s
{
    for age in newer older; do
        mkdir $age
        $cc -shared -fPIC -nostdlib -Wl,-soname,libc.so.6 -Wl,--version-script=$age.map \
            -o $age/libc.so.6 $age.c
        $cc -shared -fPIC -nostdlib -o needs-$age.so needs-$age.c $age/libc.so.6
    done
    $cc -shared -fPIC -Wl,-z,lazy -Wl,-z,norelro -Wl,-z,execstack -o plain.so plain.c -lm \
        -Wl,--no-as-needed -lm
    $cc -shared -nostdlib -Wl,-z,notext -o text.so text.s
} >build.log 2>&1 || { sed 's/^/# /' build.log; echo 'Bail out! the fixtures cannot be built'; exit 99; }

notices() { # COMMAND...: it says what is wrong
    local said
    ! said=$("$@") && [ -n "$said" ]
}
it 'bad: GLIBC_2.32 is noticed' notices glibc_at_most_2_31 needs-newer.so
it 'good: GLIBC_2.31 is not' glibc_at_most_2_31 needs-older.so
it 'bad: an export is noticed' notices exports_only plain.so 'engraft_.*'
echo 'int engraft_plain(void);' >plain.h
it 'bad: an export that the header does not declare is noticed' notices exports_declared plain.so \
    plain.h 'engraft_.*'
it 'good: data of its size' exports_data plain.so shown 4
it 'bad: data of another size is noticed' notices exports_data plain.so shown 8
it 'bad: data that is elsewhere is noticed' notices exports_data plain.so elsewhere 4
it 'bad: a needed library is noticed' notices needed_only plain.so 'libc\.so\.6'
it 'bad: an executable stack is noticed' notices no_executable_stack plain.so
it 'bad: no RELRO is noticed' notices relro_now plain.so
it 'bad: a text relocation is noticed' notices no_text_relocations text.so

examine() { # FILE
    local file=$build/$1
    it "$1: no executable stack" no_executable_stack "$file"
    it "$1: nothing both writable and executable" no_writable_code "$file"
    it "$1: RELRO, bound at once" relro_now "$file"
    it "$1: no text relocations" no_text_relocations "$file"
}
names='libc\.so\.6|ld-linux.*\.so\.[0-9]*'
plain() { # NAME COMMAND...: only without a sanitizer, which brings its own library and symbols
    if [ -n "${ENGRAFT_SANITIZERS-}" ]; then skip "$1" 'built with sanitizers'; else it "$@"; fi
}

for object in libengraft.so.0 libengraft-preload.so engraft-deep.so; do
    examine "$object"
    plain "$object: needs glibc 2.31 at most" glibc_at_most_2_31 "$build/$object"
done
plain 'libengraft.so.0: needs the C library only' needed_only "$build/libengraft.so.0" "$names"
plain 'libengraft-preload.so: needs libengraft and the C library' needed_only \
    "$build/libengraft-preload.so" "libengraft\.so\.0|$names"
plain 'engraft-deep.so: needs elfutils, perhaps capstone and lzma, and the C library' needed_only \
    "$build/engraft-deep.so" "libelf\.so\.1|libdw\.so\.1|libcapstone\.so\.[0-9]*|liblzma\.so\.5|$names"
plain 'libengraft.so.0: exports engraft_*' exports_only "$build/libengraft.so.0" 'engraft_[a-z0-9_]*'
# Not part of the API: what stubs and the preload library call, what readers of processes look for.
plain 'libengraft.so.0: exports what engraft.h declares, and little more' exports_declared \
    "$build/libengraft.so.0" "$srcdir/relinker/engraft.h" \
    'engraft_stub_(bind|init|fini)_1|engraft_private_dl(open|close|error)|engraft_live'
plain 'libengraft.so.0: its records for readers of the process' exports_data \
    "$build/libengraft.so.0" engraft_live 72
plain 'libengraft-preload.so: exports the interposed functions' exports_only \
    "$build/libengraft-preload.so" 'dlopen|dlclose|dlerror'
plain 'engraft-deep.so: exports its table' exports_only "$build/engraft-deep.so" engraft_deep_table
tap_end
