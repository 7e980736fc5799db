#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft stub: --from PLUGIN, --symbols FILE, and input that is no good.
. "${abs_top_srcdir:?}/tests/stub/common.sh"

"$cc" -shared -fPIC -O1 -I"$srcdir/relinker" "$here/engine.c" -o libfake.so.4 \
    -Wl,-soname,libfake.so.4,--version-script,"$here/engine.map" || exit 99

# ---- from plugins: what they import of V8, by names that need no compiler for C++
cat >plugin.c <<'C'
extern void v_new(void) __asm__("_ZN2v85Local6numberEj");
extern int v_major __asm__("_ZN2v88internal7Version6major_E");
extern void *v_table[] __asm__("_ZTVN2v87MessageE");
extern void v_unclear(void) __asm__("_ZN2v82V810GetVersionEv");
extern void v_maybe(void) __asm__("_ZN2v82V87DisposeEv") __attribute__((weak));
extern int puts(const char *);
void *const table[] = {v_table + 2, (void *)v_unclear};
int plugin(void) { v_new(); v_maybe(); return v_major + puts("x"); }
C
"$cc" -shared -fPIC -O1 plugin.c -o plugin.so || exit 99
"$cc" -shared -fPIC -O1 plugin.c -o other.so -DOTHER || exit 99

from() { exits 0 "$engraft" stub --from plugin.so --plugin-abi v8:10.2.154.26 -o from; }
it "from a plugin" from
it "named after the engine" test -f from/libv8.so -a -f from/libv8.engraft.so
have eu-elflint && it "eu-elflint is content" lint from/libv8.engraft.so
manifest from/libv8.engraft.so >from.out || it manifest false
it "the version is what was said" has 'engine=v8 version=10.2.154.26 ' <from.out
it "called through the PLT: a function" has '^_ZN2v85Local6numberEj func 0 - -$' <from.out
it "no parameters in the name: data" has '^_ZN2v88internal7Version6major_E object 0 - -$' <from.out
it "a vtable: data" has '^_ZTVN2v87MessageE object 0 - -$' <from.out
it "parameters in the name: a function" has '^_ZN2v82V810GetVersionEv func 0 - -$' <from.out
it "weak" has '^_ZN2v82V87DisposeEv func 0 weak -$' <from.out
it "nothing of libc" test -z "$(grep puts from.out)"
order() {
    [ "$(tail -n +3 from.out | cut -d' ' -f1)" = \
        "$(readelf -W --dyn-syms plugin.so | awk '$7 == "UND" && $8 ~ /2v8/ { print $8 }')" ]
}
it "in the plugin's order" order
it "the import library" is from/libv8.so _ZN2v88internal7Version6major_E ' 8 OBJECT GLOBAL '
relinks() { "$cc" -shared -fPIC plugin.c -o relinked.so -Lfrom -lv8 && dynamic relinked.so 'NEEDED.*libv8\.engraft\.so'; }
it "the plugin links to it" relinks
it "from two plugins" exits 0 "$engraft" stub --from plugin.so other.so --plugin-abi v8:10.2 -o from

cat >tls.c <<'C'
extern __thread int local __asm__("_ZN2v88internal5localE");
int f(void) { return local; }
C
"$cc" -shared -fPIC tls.c -o tls.so || exit 99
it "a thread-local import is refused" exits 1 "$engraft" stub --from tls.so --plugin-abi v8:10.2 -o tls
it "by name" err_has _ZN2v88internal5localE
it "with the file" err_has tls.so
it "and nothing is written" test -z "$(ls -A tls)"
echo 'int nothing;' >nothing.c
"$cc" -shared -fPIC nothing.c -o nothing.so || exit 99
it "a plugin without imports of the engine" exits 1 "$engraft" stub --from nothing.so -o from
it "is named" err_has nothing.so
it "machines that differ" exits 1 bash -c '
    cp plugin.so arm.so && printf "\267\000" | dd of=arm.so bs=1 seek=18 conv=notrunc status=none
    exec "$0" stub --from plugin.so arm.so --plugin-abi v8:10.2 -o from' "$engraft"
it "are both named" err_has aarch64

# ---- from a list
cat >list <<'C'
# a comment, and an empty line

fk_first func
fk_data object 0x20 FK_1   # with size and version
	fk_plain
fk_sized 8
C
it "from a list" exits 0 "$engraft" stub --symbols list --plugin-abi fake:1 -o list.d
it "of symbols that no row knows" has '^fk_data object 32 - FK_1$' <<<"$(manifest list.d/libfake.engraft.so)"
it "type as listed" is list.d/libfake.so fk_data@@FK_1 ' 32 OBJECT GLOBAL '
it "a type that is not listed is not made up" has '^fk_plain notype 0 - -$' \
    <<<"$(manifest list.d/libfake.engraft.so)"
it "but links as a function" is list.d/libfake.so fk_plain ' FUNC GLOBAL '
it "a list needs an ABI" exits 1 "$engraft" stub --symbols list -o list.d
it "and says so" err_has --plugin-abi

echo other_call >list
it "a list beside an engine adds to it" exits 0 "$engraft" stub libfake.so.4 --symbols list -o both
it "with the engine's type" is both/libfake.so other_call@@FK_2 ' FUNC GLOBAL '
bad_list() { # LINE EXPECTED
    printf '# first\n%s\n' "$1" >list
    exits 1 "$engraft" stub libfake.so.4 --symbols list -o bad && err_has "line 2" && err_has "$2"
}
it "list: not in the engine" bad_list fk_none fk_none
it "list: thread-local in the engine" bad_list fk_thread_local fk_thread_local
it "list: said to be thread-local" bad_list "fk_x tls" fk_x
it "list: a size that is none" bad_list "fk_x object 12z" 12z
it "list: too many words" bad_list "fk_x object 12 FK_1 more" more
it "list: a version glued to the name" bad_list "fk_call@FK_2" version
printf 'fk\0x' >list
it "list: not text" exits 1 "$engraft" stub libfake.so.4 --symbols list -o bad
it "list: missing" exits 1 "$engraft" stub libfake.so.4 --symbols nowhere -o bad
it "is named" err_has nowhere

# ---- engines that are none
refused() { # EXPECTED ARGUMENT...
    local expected=$1
    shift
    exits 1 "$engraft" stub "$@" -o bad && err_has "$expected" && [ -z "$(ls -A bad)" ]
}
it "missing engine" refused libnone.so libnone.so
echo 'not an ELF file' >text.so
it "not an ELF file" refused text.so text.so
head -c 200 libfake.so.4 >short.so
it "truncated after the header" refused short.so short.so
head -c 3000 libfake.so.4 >cut.so
it "truncated in the tables" refused cut.so cut.so
cp libfake.so.4 narrow.so && printf '\001' | dd of=narrow.so bs=1 seek=4 conv=notrunc status=none
it "32-bit" refused narrow.so narrow.so
cp libfake.so.4 riscv.so && printf '\363\000' | dd of=riscv.so bs=1 seek=18 conv=notrunc status=none
it "another machine" refused "object for RISC-V" riscv.so
it "a directory" refused from from
it "a library that is no engine" refused --plugin-abi nothing.so
it "the wrong engine" refused "fake, not lua" libfake.so.4 --plugin-abi lua:5.4
for abi in v8 v8: :1 'v8:1 2' 'V8:1' "v8:$(printf '1%.0s' {1..80})"; do
    it "not an ABI: '${abi:0:12}'" refused "not an ABI" libfake.so.4 --plugin-abi "$abi"
done
for name in '' a/b .x 'a b' -x; do
    it "not a name: '$name'" refused NAME libfake.so.4 --name="$name"
done

# ---- both or none
mkdir -p half/libfake.so
it "the import library's place is taken" exits 1 "$engraft" stub libfake.so.4 -o half
it "then there is no stub either" test "$(ls half)" = libfake.so
kept() {
    mkdir -p keep/libfake.so && echo old >keep/libfake.engraft.so
    exits 1 "$engraft" stub libfake.so.4 -o keep && [ "$(cat keep/libfake.engraft.so)" = old ] &&
        [ "$(ls -A keep | wc -l)" = 2 ]
}
it "or the one that was there" kept
mkdir own && cp libfake.so.4 own/libfake.so
it "never in the place of an input" exits 1 "$engraft" stub own/libfake.so -o own
it "which stays" cmp libfake.so.4 own/libfake.so
tap_end
