#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft stub: plugins are linked to import libraries by every linker.
. "${abs_top_srcdir:?}/tests/stub/common.sh"

"$cc" -shared -fPIC -O1 -I"$srcdir/relinker" "$here/engine.c" -o libfake.so.4 \
    -Wl,-soname,libfake.so.4,--version-script,"$here/engine.map" || exit 99
"$engraft" stub libfake.so.4 -o out >/dev/null || { it "a stub" false; tap_end; }

cat >plugin.c <<'C'
extern int fk_call(int), fk_weak(void), old_one(void);
extern int fk_maybe(void) __attribute__((weak));
extern const long fk_table[20];
extern char fk_letter;
__asm__(".symver old_one, fk_versioned@FK_1");
int (*const calls[])(int) = {fk_call};
const long *const middle = &fk_table[3];
int plugin(void) { return fk_call(fk_letter) + fk_weak() + old_one() + (fk_maybe ? fk_maybe() : 0); }
C
cat >program.c <<'C'
extern const long fk_table[20];
extern char fk_letter;
extern long fk_untyped_data; /* of a size that no one knows */
int main(void) { return (int)fk_table[1] + fk_letter + (int)fk_untyped_data; }
C

links() { # LINKER OUTPUT OPTION...
    local linker=$1 output=$2
    shift 2
    "$cc" -fuse-ld="$linker" "$@" -o "$output" -Lout -lfake
}

for linker in $(linkers); do
    for options in -Wl,-z,lazy -Wl,-z,now -fno-plt; do
        it "$linker, $options" links "$linker" "$linker.so" -shared -fPIC plugin.c -Wl,-z,defs "$options"
        it "$linker, $options: needs the run-time stub" dynamic "$linker.so" 'NEEDED.*\[libfake\.engraft\.so\]'
        it "$linker, $options: does not need the engine" \
            test -z "$(readelf -dW "$linker.so" | grep -F libfake.so)"
    done
    it "$linker: versions" has 'fk_call@FK_2 ' <<<"$(readelf -W --dyn-syms "$linker.so" | sed 's/$/ /')"
    it "$linker: a version that is not the default" has 'fk_versioned@FK_1 ' \
        <<<"$(readelf -W --dyn-syms "$linker.so" | sed 's/$/ /')"
    it "$linker: which the stub is asked for" has 'File: libfake\.engraft\.so' <<<"$(readelf -VW "$linker.so")"

    thread_local() {
        echo 'extern __thread int fk_thread_local; int f(void) { return fk_thread_local; }' >tls.c
        ! links "$linker" tls.so -shared -fPIC tls.c -Wl,-z,defs 2>tls.err && has fk_thread_local <tls.err
    }
    it "$linker: a thread-local symbol does not link, by name" thread_local

    # Programs are not plugins. One that is linked to the import library has COPY relocations as
    # large as the objects, for which engraft refuses it; no object goes without.
    copies() {
        links "$linker" "$linker.exe" program.c -no-pie -fno-pie || return 1
        readelf -W --dyn-syms "$linker.exe" >copies.out
        has ' 160 OBJECT .* fk_table(@|$)' <copies.out && has ' 1 OBJECT .* fk_letter(@|$)' <copies.out
    }
    [ "$ENGRAFT_ARCH" != x86_64 ] || it "$linker: COPY relocations have the size of the object" copies
done
[ "$tap_count" -gt 0 ] || skip "linkers" "none of ld.bfd, ld.gold, ld.lld is installed"

tap_end
