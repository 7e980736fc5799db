#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check and explain for pairs of V8 versions without a host at hand: --host-abi and --all, with addons
# as they are published.
. "${abs_top_srcdir:?}/tests/tap.sh"
PYTHON=${PYTHON:-python3}
cd "$work" || exit 99

[ "$(uname -m)" = x86_64 ] || tap_skip_all "adapters between versions are for x86-64 only"
pprof=$("$srcdir/tests/world" get dd-pprof-5.20.0 2>err) || tap_skip_all "$(cat err)"
iast=$("$srcdir/tests/world" get iast-4.2.0 2>err) || tap_skip_all "$(cat err)"
node22=$("$srcdir/tests/world" get node-22.23.3 2>err) || tap_skip_all "$(cat err)"
addon() { echo "$pprof/prebuilds/linux-x64/dd_pprof.node.abi$1.node"; }
taint=$iast/prebuilds/linuxglibc-x64/node-115.node

status_in() { # STATUS... : that of the last run is one of them
    case " $* " in *" $(cat "$work/status") "*) ;; *) shown ;; esac
}

# ---- one version

it "the plugin's own version is exact" exits 0 "$engraft" check --json "$(addon 108)" --host-abi v8:10.2
it "is valid" valid check out
run "$engraft" check --json "$(addon 108)" --host-abi v8:12.4
it "another is adapted or degraded" status_in 10 11
it "is valid" valid check out
it "every reference has a kind" json out 'len(j["bindings"]) == sum(j["counts"].values()) and
    j["counts"]["adapted"] > 20 and j["counts"]["direct"] > 20'
it "places in the code are listed" json out 'len(j["fixups"]) > 0 and
    all(f["before"] and f["before"] != f["after"] for f in j["fixups"])'
it "what is not served has a reason" json out '[b for b in j["bindings"]
    if b["kind"] in ("trap", "fallback") and not b["target"]] == []'
it "the verdict is that of the counts" json out '(j["verdict"] == "degraded") ==
    (j["counts"]["trap"] + j["counts"]["fallback"] > 0)'
cp out offline
run "$engraft" check --json "$(addon 108)" --host "$node22/bin/node"
it "a host says the same of every function" "$PYTHON" -c '
import json
kinds = [{b["symbol"]: b["kind"] for b in json.load(open(name))["bindings"]}
         for name in ("offline", "out")]
difference = {s: [k.get(s) for k in kinds] for s in set(kinds[0]) | set(kinds[1])
              if kinds[0].get(s) != kinds[1].get(s)}
assert not difference, difference'
same_fixups() {
    "$PYTHON" -c 'import json
a, b = (json.load(open(name)) for name in ("offline", "out"))
assert a["fixups"] == b["fixups"] and a["verdict"] == b["verdict"], (a["verdict"], b["verdict"])'
}
it "and of the code" same_fixups

run "$engraft" check "$(addon 108)" --host-abi v8:14.6
it "for people" status_in 10 11
it "traps and fallbacks are listed, and no more" test \
    "$(grep -cE '^(trap|fallback) ' out)" = "$("$engraft" check --json "$(addon 108)" --host-abi v8:14.6 |
        grep -cE '"kind": "(trap|fallback)"')"
it "what is adapted is not" test "$(grep -c '^adapted ' out)" = 0
run "$engraft" check --list "$(addon 108)" --host-abi v8:14.6
it "but with --list" test "$(grep -c '^adapted ' out)" -gt 20

# ---- what is not known

it "a version without adapters is refused" exits 12 "$engraft" check --json "$(addon 108)" --host-abi v8:12.5
it "is valid" valid check out
it "nothing is said of its functions" json out 'j["bindings"] == [] and "12.5" in j["reason"]'
it "a version that is none is refused" exits 12 "$engraft" check "$(addon 108)" --host-abi v8:twelve
it "an engine that is none is a usage error" exits 2 "$engraft" check "$(addon 108)" --host-abi v9:12.4
it "which names it" err_has 'v9:12.4'
it "of the plugin, too" exits 2 "$engraft" check "$(addon 108)" --host-abi v8:12.4 --plugin-abi v9:1
it "a version alone is an error" exits 1 "$engraft" check "$(addon 108)" --host-abi 12.4
it "an engine that nothing is bound to is one, too" exits 2 "$engraft" check "$(addon 108)" --host-abi lua:5.4
it "--all with --host" exits 2 "$engraft" check "$(addon 108)" --all --host 1
it "--all with --host-abi" exits 2 "$engraft" check "$(addon 108)" --all --host-abi v8:12.4
it "--all with --engine" exits 2 "$engraft" check "$(addon 108)" --all --engine v8
it "--all with --list" exits 2 "$engraft" check "$(addon 108)" --all --list
it "--all of no file" exits 1 "$engraft" check ./none.node --all
it "one message" test "$(wc -l <err)" = 1

# ---- every version

versions=$(sed -n 's/^V8_VERSION(\([0-9]*\), \([0-9]*\),.*/v8:\1.\2/p' \
    "$srcdir/abi-adapters/v8/versions.def")
it "there are versions" test "$(wc -w <<<"$versions")" -ge 8
export VERSIONS=$versions
all_of() { # FILE VERSION
    run "$engraft" check --all --json "$1"
    it "${1##*/}: --all ends with the worst, adapted is fine" json out "
        $(cat status) == max({'exact': 0, 'compatible': 0, 'adapted': 0, 'degraded': 11, 'refused': 12}
            [h['verdict']] for h in j['hosts'])"
    it "is valid" valid check-all out
    it "has every version" json out \
        '[h["host_abi"] for h in j["hosts"]] == __import__("os").environ["VERSIONS"].split()'
    it "is exact on its own" json out "[h['host_abi'] for h in j['hosts'] if h['verdict'] == 'exact'] ==
        ['v8:$2']"
    it "is refused by none" json out \
        '[(h["host_abi"], h["reason"]) for h in j["hosts"] if h["verdict"] == "refused"] == []'
}
all_of "$(addon 108)" 10.2
all_of "$(addon 137)" 13.6
all_of "$taint" 11.3
cp out all
run "$engraft" check --json "$taint" --host-abi v8:13.6
it "--all says what --host-abi says" "$PYTHON" -c '
import json
one = json.load(open("out"))
host = [h for h in json.load(open("all"))["hosts"] if h["host_abi"] == "v8:13.6"][0]
assert all(one[key] == value for key, value in host.items()), host'
run "$engraft" check --all "$(addon 108)"
it "for people: a line for each" test "$(grep -cE '^v8:[0-9.]+ +(exact|adapted|degraded) ' out)" = \
    "$(wc -w <<<"$versions")"
it "in 80 columns" test "$(wc -L <out)" -le 80
it "a plugin of another version than it says is refused where code must change" exits 12 \
    "$engraft" check --all "$(addon 137)" --plugin-abi v8:10.2

# ---- explain

it "explain without a host: a C++ name" exits 10 "$engraft" explain --json v8::Object::Set \
    --plugin-abi v8:10.2 --host-abi v8:12.4
it "is valid" valid explain out
it "has the overloads of the plugin's version" json out 'len(j["bindings"]) == 2 and
    {b["kind"] for b in j["bindings"]} == {"direct"}'
it "a name that no version has" exits 1 "$engraft" explain v8::NoSuchThing --plugin-abi v8:10.2 \
    --host-abi v8:12.4
it "and says so" err_has 'v8:10.2 has no symbol v8::NoSuchThing'
it "a version that is not known" exits 12 "$engraft" explain --json v8::Object::Set \
    --plugin-abi v8:10.2 --host-abi v8:12.5
it "is valid" valid explain out
run "$engraft" explain --json v8::ObjectTemplate::SetAccessor --plugin-abi v8:10.2 \
    --host-abi v8:14.6
it "a name that only the plugin's version has" status_in 11
it "is a fallback or a trap, with the reason" json out 'j["bindings"] != [] and
    all(b["kind"] in ("trap", "fallback") and b["target"] for b in j["bindings"])'
it "explain --all" exits 0 "$engraft" explain --all --json v8::Object::Set --plugin-abi v8:10.2
it "is valid" valid explain-all out
it "has every version" json out \
    '[h["host_abi"] for h in j["hosts"]] == __import__("os").environ["VERSIONS"].split()'
it "for people" exits 0 "$engraft" explain --all v8::Isolate::New --plugin-abi v8:10.2
it "is adapted everywhere" test "$(grep -cE '^v8:[0-9.]+ +adapted v8::Isolate::New' out)" = \
    "$(wc -w <<<"$versions")"
it "--all with --host-abi" exits 2 "$engraft" explain X --plugin-abi v8:10.2 --all --host-abi v8:12.4
tap_end
