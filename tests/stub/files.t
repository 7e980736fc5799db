#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft stub, on a small engine: what is in the two files, and what tools say of them.
. "${abs_top_srcdir:?}/tests/stub/common.sh"

"$cc" -shared -fPIC -O1 -I"$srcdir/relinker" "$here/engine.c" -o libfake.so.4 \
    -Wl,-soname,libfake.so.4,--version-script,"$here/engine.map" || exit 99
mkdir out
it "a stub of an engine that describes itself" exits 0 "$engraft" stub libfake.so.4 -o out
import=out/libfake.so stub=out/libfake.engraft.so
it "which engine it is" out_has fake:4.2
it "two files, and nothing beside them" test "$(ls out | tr '\n' ' ')" = "libfake.engraft.so libfake.so "

for file in "$import" "$stub"; do
    name=${file#out/}
    if have eu-elflint; then
        it "$name: eu-elflint is content" lint "$file"
    else
        skip "$name: eu-elflint is content" "eu-elflint (elfutils) is not installed"
    fi
    it "$name: readelf reads all of it" reads "$file"
    it "$name: SONAME of its own" dynamic "$file" 'SONAME.*\[libfake\.engraft\.so\]'
    no_code() { ! readelf -lW "$1" | grep -E '^  [A-Z_]+ .* (RWE|R E|  E) '; }
    it "$name: no executable segment" no_code "$file"
    it "$name: stack not executable" has 'GNU_STACK.* RW  *0x' <<<"$(readelf -lW "$file")"
    it "$name: RELRO" has GNU_RELRO <<<"$(readelf -lW "$file")"
    [ "$ENGRAFT_ARCH" != x86_64 ] ||
        it "$name: property note" has 'IBT, SHSTK' <<<"$(readelf -nW "$file" | cut -c1-200)"
    it "$name: no UNIQUE, IFUNC or TLS" test -z "$(readelf -W --dyn-syms "$file" | grep -E ' (UNIQUE|IFUNC|TLS) ')"
    no_ifunc_abi() { readelf -hW "$1" | has 'OS/ABI: *UNIX - System V'; }
    it "$name: needs no extension of ELF" no_ifunc_abi "$file"
    if have gdb; then
        it "$name: gdb" has 'is \.bss' <<<"$(gdb -nx -batch -ex 'info files' "$file" 2>&1)"
    else
        skip "$name: gdb" "gdb is not installed"
    fi
done

# The lint must be able to fail: a hash table that does not have a symbol that it should have.
spoil() {
    local offset
    offset=$(readelf -SW "$import" | sed -n 's/.* \.gnu\.hash  *GNU_HASH  *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
    cp "$import" spoilt.so && printf '\377\377' |
        dd of=spoilt.so bs=1 seek=$((0x$offset + 16)) conv=notrunc status=none
    ! lint spoilt.so
}
have eu-elflint && it "the check with eu-elflint notices a spoilt file" spoil

# ---- import library
it "a function" is $import fk_call@@FK_2 ' FUNC GLOBAL DEFAULT [0-9]+ '
it "every prefix of the engine" is $import xk_call@@FK_2 ' FUNC GLOBAL '
it "no other exports" absent $import other_call
it "no hidden symbol" absent $import fk_hidden
it "weak as in the engine" is $import fk_weak@@FK_2 ' FUNC WEAK '
it "protected becomes default" is $import fk_protected@@FK_2 ' FUNC GLOBAL DEFAULT '
it "an IFUNC is a function" is $import fk_ifunc@@FK_2 ' FUNC GLOBAL '
it "a unique object is an object" is $import fk_unique@@FK_2 ' 4 OBJECT GLOBAL '
it "code without a type" is $import fk_untyped_code@@FK_2 ' FUNC GLOBAL '
it "data without a type" is $import fk_untyped_data@@FK_2 ' 8 OBJECT GLOBAL '
it "no thread-local symbol" absent $import fk_thread_local
it "an older version of the engine" is $import fk_old@@FK_1 ' FUNC GLOBAL '
it "the default version of a symbol" is $import fk_versioned@@FK_2 ' FUNC GLOBAL '
it "and the other" is $import fk_versioned@FK_1 ' FUNC GLOBAL '
it "size of data" is $import fk_table@@FK_2 ' 160 OBJECT GLOBAL '
it "size of zeroed data" is $import fk_zeros@@FK_2 ' 100 OBJECT GLOBAL '
aligned() { [ $((0x$(value $import fk_table@@FK_2) % 32)) = 0 ]; }
it "alignment of data" aligned
it "aliases stay aliases" test "$(value $import fk_table@@FK_2)" = "$(value $import fk_table_alias@@FK_2)"
it "others do not" test "$(value $import fk_table@@FK_2)" != "$(value $import fk_zeros@@FK_2)"
it "no contents on disk" test "$(stat -c %s $import)" -lt 8192

# ---- run-time stub
defines() { nm -D --defined-only --extern-only "$1"; }
it "exports nothing" test -z "$(defines $stub)"
it "defines the versions that plugins ask it for" has 'Name: FK_2' <<<"$(readelf -VW $stub)"
it "needs the core and nothing else" test "$(readelf -dW $stub | grep -c NEEDED)" = 1
it "which is libengraft.so.0" dynamic $stub 'NEEDED.*\[libengraft\.so\.0\]'
it "from its own directory" dynamic $stub 'RUNPATH.*\[\$ORIGIN\]'
it "bound at once" dynamic $stub 'FLAGS_1.*NOW'
order() {
    [ "$(readelf -rW $stub | awk '/R_[A-Z0-9_]+_(64|ABS64) / { printf "%s ", $5 }')" = \
        "engraft_stub_bind_1 engraft_stub_verdict_1 engraft_stub_init_1 engraft_stub_fini_1 " ]
}
it "relocations: bind, verdict, init, fini" order
it "room for a reason" is $stub engraft_stub_reason_1 ' 1024 OBJECT LOCAL '
reason_is_writable() {
    local relro
    relro=$(readelf -lW $stub | awk '$1 == "GNU_RELRO" { print $6 }')
    [ $((0x$(value $stub engraft_stub_reason_1))) -ge $((relro)) ]
}
it "which stays writable" reason_is_writable

manifest $stub >manifest.out || it "manifest" false
it "manifest: engine and version" has '^format=1 core=100 engine=fake version=4.2 ' <manifest.out
it "manifest: prefixes" has '^prefixes=fk_,xk_$' <manifest.out
it "manifest: a function" has '^fk_call func [0-9]+ - FK_2$' <manifest.out
it "manifest: data" has '^fk_table object 160 - FK_2$' <manifest.out
it "manifest: weak" has '^fk_weak func [0-9]+ weak FK_2$' <manifest.out
it "manifest: as many symbols as the import library" \
    test "$(tail -n +3 manifest.out | wc -l)" = "$(defines $import | grep -vc ' A ')"

it "manifest: a size that is not known" has '^fk_untyped_data object 0 - FK_2$' <manifest.out

# ---- names
it "for one plugin" exits 0 "$engraft" stub libfake.so.4 -o out --for ../x/libplug-in.so.1 --trap return
it "the stub has its name" test -f out/libfake-libplug-in.engraft.so
it "the import library links to it" dynamic $import 'SONAME.*\[libfake-libplug-in\.engraft\.so\]'
it "manifest: plugin and trap" has ' plugin=../x/libplug-in.so.1 trap=return$' \
    <<<"$(manifest out/libfake-libplug-in.engraft.so)"
it "another name" exits 0 "$engraft" stub libfake.so.4 -o out --name other --plugin-abi fake:9.9-x
it "of both files" test -f out/libother.so -a -f out/libother.engraft.so
it "and another version" has 'engine=fake version=9.9-x ' <<<"$(manifest out/libother.engraft.so)"
twice() {
    mkdir again && "$engraft" stub libfake.so.4 -o again --name other --plugin-abi fake:9.9-x &&
        cmp out/libother.so again/libother.so && cmp out/libother.engraft.so again/libother.engraft.so
}
it "the same input gives the same bytes" twice

# ---- another architecture: the same engine with another machine in its header
foreign() {
    cp libfake.so.4 libforeign.so.4 && printf '\267\000' |
        dd of=libforeign.so.4 bs=1 seek=18 conv=notrunc status=none
    exits 0 "$engraft" stub libforeign.so.4 -o out --name foreign &&
        readelf -hW out/libforeign.engraft.so | has 'Machine: *AArch64' &&
        readelf -rW out/libforeign.engraft.so | has 'R_AARCH64_ABS64 .*engraft_stub_bind_1' &&
        { ! have eu-elflint || { lint out/libforeign.so && lint out/libforeign.engraft.so; }; }
}
it "aarch64 is a row of facts" foreign

# ---- the example in engraft(5)
documented() {
    { echo '#include "manifest.h"'
      sed -n '/^struct note {/,/^\.EE/p' "$srcdir/docs/engraft.5" | sed '/^\.EE/d; s/\\-/-/g'
      echo 'int fk_call(void) { return 1; }'; } >example.c
    "$cc" -shared -fPIC -I"$srcdir/relinker" example.c -o libexample.so &&
        exits 0 "$engraft" stub libexample.so -o out && out_has fake:4.2 &&
        is out/libexample.so fk_call ' FUNC GLOBAL '
}
it "the engine of the man page" documented
tap_end
