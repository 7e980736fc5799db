#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Addons as their authors published them, under `engraft run`, in npm's node.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time cannot be preloaded into node"
world() { "$srcdir/tests/world" get "$1" 2>"$work/world.err"; }
pprof=$(world dd-pprof-5.20.0) && iast=$(world iast-4.2.0) && node18=$(world node-18.20.8) &&
    node20=$(world node-20.20.2) || tap_skip_all "$(tail -n 1 "$work/world.err")"
node18=$node18/bin/node node20=$node20/bin/node
prebuilt() { # ADDON MODULE_VERSION
    case $1 in
    pprof) echo "$pprof/prebuilds/linux-x64/dd_pprof.node.abi$2.node" ;;
    iast) echo "$iast/prebuilds/linuxglibc-x64/node-$2.node" ;;
    esac
}

# use NODE FILE CODE: opens the addon as `addon` and runs CODE, natively or with "$@" in front.
use() {
    local node=$1 file=$2 code=$3
    shift 3
    "$@" "$node" -e "const module_ = {exports: {}};
        process.dlopen(module_, process.argv[1]); const addon = module_.exports; $code" "$file"
}
under() { ENGRAFT_REPORT="$work/report.%p.json" use "$@" "$engraft" run --; }
report() { cat "$work"/report.*.json >"$work/report"; }

# What the addon is for: a profile with samples of our own function; a tainted string.
pprof_code='const p = new addon.TimeProfiler({intervalMicros: 1000, durationMillis: 1000,
    lineNumbers: false, withContexts: false, workaroundV8Bug: false, collectCpuTime: false,
    collectAsyncId: false, useCPED: false, isMainThread: true});
function busy() { const end = Date.now() + 300; let x = 0; while (Date.now() < end) x += Math.sqrt(x); }
p.start(); busy(); const profile = p.stop(false);
const names = (node) => [node.name, ...node.children.flatMap(names)];
console.log(names(profile.topDownRoot).includes("busy"));'
iast_code='const id = addon.createTransaction("1");
const s = addon.newTaintedString(id, "tainted", "name", "origin");
console.log(addon.isTainted(id, s), addon.isTainted(id, "plain"), addon.getRanges(id, s)[0].end);'

for pair in "18 108 $node18" "20 115 $node20"; do
    read -r major version node <<<"$pair"
    for addon in pprof iast; do
        code=${addon}_code file=$(prebuilt "$addon" "$version")
        rm -f "$work"/report.*
        it "$addon natively in node $major" exits 0 use "$node" "$file" "${!code}"
        cp "$work/out" "$work/native"
        it "$addon under engraft run" exits 0 under "$node" "$file" "${!code}"
        it "$addon gives the same answer" cmp "$work/out" "$work/native"
        it "$addon answered at all" grep -q true "$work/native"
        report
        it "$addon is exact, all of it direct, and proved" json "$work/report" '
            [(p["verdict"], p["plugin_abi_source"], p["audited"], p["counts"]["trap"])
             for p in j["plugins"]] == [("exact", "module-version", True, 0)]
            and j["plugins"][0]["counts"]["direct"] > 40'
        it "$addon: the report is valid" valid report "$work/report"
    done
done

# A version that there are no adapters for: never half bound, the reason is in the exception.
for addon in pprof iast; do
    rm -f "$work"/report.*
    file=$(prebuilt "$addon" 108)
    export ENGRAFT_PLUGIN_ABI="${file##*/}=v8:9.9"
    it "$addon for V8 9.9 is refused by node 20" exits 1 under "$node20" "$file" ''
    it "$addon: the exception names file, versions and way out" \
        grep -qE "refused .*(abi|node-)108.*V8 9\.9 .*V8 11\.3.*ENGRAFT_ALLOW=mismatch" "$work/err"
    report
    it "$addon: the report has the refusal" json "$work/report" \
        'j["plugins"] == [] and len(j["refused"]) == 1 and "11.3" in j["refused"][0]["reason"]'
    unset ENGRAFT_PLUGIN_ABI
done
# One that there are: tests/v8/addons.t has what it does.
rm -f "$work"/report.*
it "iast for node 18 is loaded by node 20" exits 0 under "$node20" "$(prebuilt iast 108)" ''
report
it "and is adapted" json "$work/report" \
    'j["refused"] == [] and j["plugins"][0]["counts"]["adapted"] > 10'
it "an ABI that is none is an error" exits 1 \
    "$engraft" check --json "$(prebuilt iast 108)" --host "$node18" --plugin-abi nonsense
it "and says how to write one" err_has '"nonsense" is not ENGINE:VERSION'
it "ENGRAFT_DISABLE leaves it native" exits 0 env ENGRAFT_DISABLE=1 ENGRAFT_REPORT="$work/none.json" \
    "$engraft" run -- "$node18" -e "process.dlopen({exports: {}}, process.argv[1])" "$(prebuilt iast 108)"
it "and writes no report" test ! -e "$work/none.json"
tap_end
