#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# inspect, check, explain, stub and the report on real engines; all JSON against its schema.
. "${abs_top_srcdir:?}/tests/tap.sh"

"${PYTHON:=python3}" -c 'import jsonschema' 2>/dev/null || tap_skip_all "no Python with jsonschema"
cd "$work" || exit 99

# ---- the checks notice what is wrong

echo '{"target": "x", "engines": [{"engine": "v8"}]}' >bad.json
rejects() { ! valid "$@"; }
it "a bad document is noticed" rejects inspect bad.json
echo '{"target": "x"' >bad.json
it "what is no JSON is noticed" rejects inspect bad.json

# ---- no engine needed

echo 'int main(void) { return 0; }' >none.c
"${CC:-cc}" none.c -o none || exit 99
echo text >text
head -c 100 none >short

it "a file without an engine" exits 0 "$engraft" inspect none
it "has none" out_has "none found"
it "the same as JSON" exits 0 "$engraft" inspect --json none
it "is valid" valid inspect out
it "and empty" json out 'j["target"] == "none" and j["engines"] == []'
it "self as JSON" exits 0 "$engraft" inspect --json self
it "self has no engine" json out 'j["engines"] == []'
it "a missing file" exits 1 "$engraft" inspect ./nothing.so
it "is named" err_has "engraft: ./nothing.so: "
it "a missing file prints no JSON" exits 1 "$engraft" inspect --json ./nothing.so
it "nothing at all" out_empty
it "no such process" exits 1 "$engraft" inspect 4194999
it "a file that is no ELF" exits 1 "$engraft" inspect ./text
it "is named, too" err_has "engraft: ./text: "
it "a truncated file" exits 1 "$engraft" inspect ./short
it "a missing plugin" exits 1 "$engraft" check ./nothing.so --host none
it "a missing host" exits 1 "$engraft" check none --host ./nothing
it "a plugin that is no ELF" exits 1 "$engraft" check ./text --host none

# ---- real engines

world() { "$srcdir/tests/world" get "$1" 2>>world.log; }
needs() { # NAME: its directory in $directory; skips what is left if it cannot be had
    directory=$(world "$1") && return
    skip "everything with $1" "$(tail -n 1 world.log)"
    tap_end
}

needs libnode108
libnode=$(echo "$directory"/usr/lib/*/libnode.so.108)
it "inspect libnode.so.108" exits 0 "$engraft" inspect --json "$libnode"
it "is valid" valid inspect out
it "is V8 10.2 in a shared library" json out '[e["engine"] for e in j["engines"]] == ["v8", "node"] and j["engines"][0]["version"].startswith("10.2.154.26-node")
    and j["engines"][0]["linkage"] == "shared" and j["engines"][0]["symbols"] == "dynamic"
    and j["engines"][0]["ready"] is None'
it "all is said" json out '{e["confidence"] for e in j["engines"]} == {"certain"} and
    j["engines"][0]["api_count"] > 1000 and j["engines"][0]["relink"]["possible"] is True and
    j["engines"][1]["relink"]["possible"] is False and j["engines"][1]["version"][:3] == "18." and
    "proof" in [v["strength"] for v in j["engines"][0]["evidence"]] and j["needs"] == []'
it "with its module" json out "j['engines'][0]['modules'][0]['path'].endswith('libnode.so.108')"
it "for people" exits 0 "$engraft" inspect "$libnode"
narrow() { [ "$(wc -L <out)" -le 80 ] || shown; }
it "says the version" out_has "v8 10.2.154.26-node"
it "in 80 columns" narrow

needs node-18.20.8
node18=$directory/bin/node
headers=$directory/include/node
it "inspect node 18" exits 0 "$engraft" inspect --json "$node18"
it "is valid" valid inspect out
it "is V8 10.2 in an executable" json out '[e["engine"] for e in j["engines"]] == ["v8", "node"] and
    j["engines"][0]["version"] == "10.2.154.26-node.39" and
    j["engines"][0]["linkage"] == "executable" and
    j["engines"][0]["config"]["stdlib"] == "libstdc++"'

# A node that has said that it is up, so that V8 is initialised.
coproc NODE { exec "$node18" -e 'console.log("up"); process.stdin.resume()'; }
read -r _ <&"${NODE[0]}"
node_pid=$NODE_PID
it "inspect a running node 18" exits 0 "$engraft" inspect --json "$node_pid"
it "is valid" valid inspect out
it "is mapped and ready" json out '[e["engine"] for e in j["engines"]] == ["v8", "node"] and
    j["engines"][0]["version"] == "10.2.154.26-node.39" and j["engines"][0]["ready"] is True'

"${CXX:-c++}" -x c++ -std=c++17 -fsyntax-only /dev/null 2>/dev/null || {
    skip "everything with a plugin" "no C++ compiler"
    tap_end
}
compile() { # OUTPUT OPTION...
    local output=$1
    shift
    "${CXX:-c++}" -std=c++17 -shared -fPIC -w -I"$headers" "$srcdir/tests/cli/plugin.cc" "$@" \
        -o "$output"
}
compile plugin.so && compile missing.so -DMISSING || exit 99

it "check a plugin and a file" exits 0 "$engraft" check --json plugin.so --host "$node18"
it "is valid" valid check out
it "is exact" json out 'j["verdict"] == "exact" and j["plugin_abi"].startswith("v8:10.2") and
    j["host_abi"] == "v8:10.2.154.26-node.39"'
it "every reference is direct, or the plugin's own" json out 'j["counts"]["direct"] > 3 and
    len(j["bindings"]) == sum(j["counts"].values()) and
    {b["kind"] for b in j["bindings"]} <= {"direct", "local"}'
it "names are demangled" json out '"v8::FunctionTemplate::GetFunction(v8::Local<v8::Context>)" in
    [b["demangled"] for b in j["bindings"]]'
it "check a plugin and a process" exits 0 "$engraft" check --json plugin.so --host "$node_pid"
it "is valid" valid check out
it "check for people" exits 0 "$engraft" check plugin.so --host "$node18"
it "has the verdict" grep -qE '^verdict +exact$' out
it "in 80 columns" narrow
it "check --list" exits 0 "$engraft" check --list plugin.so --host "$node18"
it "has a row for each reference" grep -q '^direct .*v8::' out
it "in 80 columns, too" narrow

it "a plugin with a function that nobody has is degraded" exits 11 \
    "$engraft" check --json missing.so --host "$node18"
it "is valid" valid check out
it "has one trap" json out 'j["counts"]["trap"] == 1 and j["verdict"] == "degraded" and
    [b["demangled"] for b in j["bindings"] if b["kind"] == "trap"] ==
    ["v8::NoEngineHasThisFunction(int)"]'
it "for people" exits 11 "$engraft" check missing.so --host "$node18"
it "the trap is listed" grep -qE '^trap +v8::NoEngineHasThisFunction\(int\)$' out
it "with the name of the symbol" out_has _ZN2v823NoEngineHasThisFunctionEi

it "a plugin ABI that the tables do not know is refused" exits 12 \
    "$engraft" check --json plugin.so --host "$node18" --plugin-abi v8:10.8
it "is valid" valid check out
it "with a reason" json out 'j["verdict"] == "refused" and j["plugin_abi"] == "v8:10.8" and
    "10.8" in j["reason"]'
it "--allow-mismatch degrades" exits 11 \
    "$engraft" check plugin.so --host "$node18" --plugin-abi v8:10.8 --allow-mismatch
it "a host ABI that they do not know is refused" exits 12 \
    "$engraft" check --json plugin.so --host-abi v8:10.8
it "is valid" valid check out
it "a host without an engine is refused" exits 12 "$engraft" check --json plugin.so --host none
it "is valid" valid check out
it "an engine that the host has not is refused" exits 12 \
    "$engraft" check plugin.so --host "$node18" --engine v8:9.4

colored() { # COMMAND: what it prints on a terminal
    script -qec "$1" /dev/null </dev/null | grep -q "$(printf '\033')\["
}
plain() { ! colored "$1"; }
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    export TERM=xterm
    command=$(printf '%q ' "$engraft" check missing.so --host "$node18")
    it "colour on a terminal" colored "$command"
    it "none with NO_COLOR" plain "NO_COLOR=1 $command"
    it "none on a dumb terminal" plain "TERM=dumb $command"
else
    skip "colour on a terminal" "no script(1), or no pseudo-terminal for it"
fi
plain_file() { ! grep -q "$(printf '\033')" out; }
it "none in a file" plain_file

# Whoever names a file does not speak to the terminal: C0, a byte that is no letter, C1, U+202E.
controls() {
    "$engraft" inspect "$(printf '/none/a\033\233b\302\233c\342\200\256d\303\274e\342\202\254')" 2>err
    grep -qxF "engraft: /none/a??b?c?d$(printf '\303\274e\342\202\254'): No such file or directory" err ||
        { od -c err; return 1; }
}
it "no control characters of any kind" controls
controls_in_tables() {
    ln -s "$libnode" "$(printf 'a\342\200\256b.so')" &&
        LC_ALL=C.UTF-8 "$engraft" inspect "$(printf './a\342\200\256b.so')" >out &&
        grep -q 'dynamic-symbol a?b.so' out && ! grep -q "$(printf '\342\200\256')" out || shown
}
it "nor in tables" controls_in_tables

# ---- explain

it "explain a mangled name" exits 0 "$engraft" explain --json _ZN2v87Isolate10GetCurrentEv \
    --plugin-abi v8:10.2 --host "$node18"
it "is valid" valid explain out
it "is direct" json out '[b["kind"] for b in j["bindings"]] == ["direct"] and
    j["bindings"][0]["demangled"] == "v8::Isolate::GetCurrent()"'
it "explain a C++ name" exits 0 "$engraft" explain --json v8::Object::Set \
    --plugin-abi v8:10.2 --host "$node18"
it "is valid" valid explain out
it "tells all overloads" json out 'len(j["bindings"]) > 1 and
    all(b["demangled"].startswith("v8::Object::Set(") for b in j["bindings"])'
it "for an unknown version it is refused" exits 12 "$engraft" explain v8::Isolate::GetCurrent \
    --plugin-abi v8:10.8 --host "$node18"
it "a name that nobody knows" exits 1 "$engraft" explain v8::NoSuchThing \
    --plugin-abi v8:10.2 --host "$node18"

# ---- stub

it "stub from an engine" exits 0 "$engraft" stub "$libnode" -o stubs
made() { # KEY: the path that the last output has for it
    sed -n "s/^$1 *//p" out
}
import=$(made 'link to')
ship=$(made ship)
it "writes the import library" test -f "$import"
it "writes the stub" test -f "$ship"
it "tells the version" grep -qE '^engine +v8:10\.2\.154\.26' out
it "a plugin links to it" compile linked.so -Wl,-z,defs "$import"
it "and needs the stub" sh -c "readelf -d linked.so | grep -q 'NEEDED.*${ship##*/}'"
it "stub from a plugin" exits 0 "$engraft" stub --from plugin.so -o from --for plugin.so \
    --trap return
it "writes the stub" test -f "$(made ship)"
printf '_ZN2v87Isolate10GetCurrentEv func\n' >list
it "stub from a list" exits 0 "$engraft" stub --symbols list --plugin-abi v8:10.2 --name v8 -o list.d
it "calls it as it is told" test -f list.d/libv8.so
it "a list without a version is an error" exits 1 "$engraft" stub --symbols list --name v8 -o list.d
it "an engine that is not there is an error" exits 1 "$engraft" stub nothing.so -o stubs

# ---- the report

if [ -n "${ENGRAFT_SANITIZERS-}" ]; then
    skip "the report" "a program without ASan cannot load a libengraft that has it"
else
    load='const m = {exports: {}}; process.dlopen(m, process.argv[1]); console.log(m.exports.answer())'
    it "node under engraft run" exits 0 "$engraft" run --report=report.%p.json --log=log -- \
        "$node18" -e "$load" "$PWD/plugin.so"
    it "answers" grep -qx 42 out
    report=$(echo report.[0-9]*.json)
    it "the report is valid" valid report "$report"
    it "has the plugin" json "$report" '[(p["path"].split("/")[-1], p["door"], p["verdict"],
        p["counts"]["trap"]) for p in j["plugins"]] == [("plugin.so", "preload", "exact", 0)]'
    it "and the engine, ready" json "$report" 'j["engines"][0]["ready"] is True'
    it "the log has lines" grep -q '^engraft\[[0-9]*\] plan: ' log
    rm -f report.*
    it "node and a plugin that is refused" exits 1 "$engraft" run --report=report.%p.json \
        --plugin-abi=plugin.so=v8:10.8 -- "$node18" -e "$load" "$PWD/plugin.so"
    it "node says why" err_has "10.8"
    report=$(echo report.[0-9]*.json)
    it "the report is valid" valid report "$report"
    it "it has the refusal" json "$report" 'j["plugins"] == [] and len(j["refused"]) == 1 and
        "10.8" in j["refused"][0]["reason"]'
fi
eval "exec ${NODE[1]}>&-" # node ends with its input
wait "$node_pid"
tap_end
