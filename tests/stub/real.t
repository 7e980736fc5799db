#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft stub, on V8 as Debian and npm ship it.
. "${abs_top_srcdir:?}/tests/stub/common.sh"

cat >plugin.c <<'C'
extern const char *version(void) __asm__("_ZN2v82V810GetVersionEv");
extern int major_ __asm__("_ZN2v88internal7Version6major_E");
extern int minor_ __asm__("_ZN2v88internal7Version6minor_E");
extern void *table[] __asm__("_ZTVN2v811ArrayBuffer9AllocatorE") __attribute__((weak));
int *const numbers[] = {&major_, &minor_};
int plugin(void) { return version()[0] + (table != 0); }
C

# exports FILE: "NAME KIND SIZE" of what a stub of V8 has to have
exports() {
    readelf -W --dyn-syms "$1" | awk '
        $7 != "UND" && $6 == "DEFAULT" && $5 != "LOCAL" && $4 != "TLS" && $8 ~ /^_Z.*2v8/ {
            kind = $4 == "IFUNC" ? "FUNC" : $4
            sub(/@@ENGRAFT_ONE_PLUGIN_PER_STUB/, "", $8)
            print $8, kind, kind == "OBJECT" ? $3 + 0 : "" }' | LC_ALL=C sort
}

engine() { # WORLD FILE VERSION LEAST
    local world=$1 file version=$3 least=$4
    if ! file=$("$srcdir/tests/world" get "$world" 2>world.err); then
        skip "$world" "$(head -n 1 world.err)"
        return
    fi
    file=$file/$2
    it "$world" exits 0 "$engraft" stub "$file" -o "$world"
    it "$world: version" out_has "$version"
    for half in libnode.so libnode.engraft.so; do
        have eu-elflint && it "$world: eu-elflint is content with $half" lint "$world/$half"
        it "$world: no loader will execute $half" test -z "$(readelf -lW "$world/$half" | grep -E '^  LOAD.* R.?E ')"
    done
    it "$world: no UNIQUE" test -z "$(readelf -W --dyn-syms "$world/libnode.so" | grep -m1 ' UNIQUE ')"
    exports "$file" | sed 's/ NOTYPE / OBJECT /' >"$world.engine"
    exports "$world/libnode.so" >"$world.import"
    it "$world: all of V8" test "$(wc -l <"$world.engine")" -ge "$least"
    # Names that hold "2v8" are more than V8's (std:: templates over its types): those that the
    # stub has must be the engine's, in kind and size.
    it "$world: nothing that the engine does not export" \
        test -z "$(LC_ALL=C comm -13 "$world.engine" "$world.import" | head -n 5)"
    missing() { LC_ALL=C comm -23 "$world.engine" "$world.import" | grep -E '^_Z(N|NK|T[VISTC]|TVN|TIN|TSN)2v8' | head -n 5; }
    it "$world: every symbol in namespace v8" test -z "$(missing)"
    it "$world: nothing outside of the engine's row" test -z "$(readelf -W --dyn-syms "$world/libnode.so" | grep -m1 -E ' (uv_|napi_|_ZNSt)')"
    for linker in $(linkers); do
        it "$world: $linker" "$cc" -fuse-ld="$linker" -shared -fPIC plugin.c -o plugin.so \
            -Wl,-z,defs -L"$world" -lnode
    done
    it "$world: manifest" manifest "$world/libnode.engraft.so"
}

engine libnode108 usr/lib/x86_64-linux-gnu/libnode.so.108 v8:10.2.154.26-node.37 40000
engine node-18.20.8 bin/node v8:10.2.154.26-node.39 30000
tap_end
