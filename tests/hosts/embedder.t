#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A plugin that embeds V8 as if it were alone, in processes whose V8 has an owner: npm's node, where
# Isolate::New() ends the process without the adapters.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time cannot be preloaded into node"
world() { "$srcdir/tests/world" get "$1" 2>"$work/world.err"; }

# Two plugins at once; the host's own asynchronous WebAssembly before, between and behind.
cat >"$work/both.js" <<'JS'
const [first, second] = [process.argv[2], process.argv[3]].map((file) => require(file));
const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const own = async () => (await WebAssembly.instantiate(bytes)).module instanceof WebAssembly.Module;
(async () => {
  const platforms = [first.platform()];
  const answers = [await own(), first.start(), first.run(), await own()];
  platforms.push(first.platform());
  answers.push(second.start(), second.run(), first.run());
  first.stop();
  platforms.push(first.platform());
  answers.push(second.run(), await own());
  second.stop();
  platforms.push(first.platform());
  answers.push(await own());
  console.log(JSON.stringify({ answers, platforms }));
})();
JS
cat >"$work/bare.js" <<'JS'
console.log(JSON.stringify({ answers: [require(process.argv[2]).run()] }));
JS

compile() { # NODE_DIRECTORY STANDARD OUTPUT
    "${CXX:-g++}" "-std=$2" -O1 -fPIC -shared -fno-rtti -fvisibility=hidden -w -I"$1/include/node" \
        -o "$3" "$srcdir/tests/hosts/embedder.cc" -ldl
}

one='14,28,42 wasm 42 | 14,28,42 wasm 42'
for node in 18.20.8:gnu++17 20.20.2:gnu++17 22.23.3:gnu++17 24.21.0:gnu++20 26.10.0:gnu++20; do
    standard=${node#*:} version=${node%:*} name="node ${node%%.*}"
    if ! directory=$(world "node-$version"); then
        skip "$name" "$(tail -n 1 "$work/world.err")"
        continue
    fi
    rm -f "$work"/report.*
    it "$name: compiles" compile "$directory" "$standard" "$work/first.node"
    cp "$work/first.node" "$work/second.node"
    export ENGRAFT_REPORT="$work/report.%p.json"
    run "$engraft" run -- "$directory/bin/node" "$work/both.js" "$work/first.node" "$work/second.node"
    unset ENGRAFT_REPORT
    it "$name: two embedders and the host, side by side" json "$work/out" "
        j['answers'] == [True, 'started', '$one', True, 'started', '$one', '$one', '$one', True,
                         True]"
    it "$name: V8 has the dispatcher while there is one, then its own platform again" \
        json "$work/out" "[p == j['platforms'][0] for p in j['platforms']] in
            ([True, False, False, True], [True, True, True, True] if not j['platforms'][0] else 0)"
    cat "$work"/report.*.json >"$work/report"
    it "$name: adapted, no trap" json "$work/report" '
        [(p["verdict"], p["audited"], p["counts"]["trap"]) for p in j["plugins"]] ==
            [("adapted", True, 0)] * 2 and
        all(p["counts"]["adapted"] == 6 for p in j["plugins"])'
    run "$engraft" run -- "$directory/bin/node" "$work/bare.js" "$work/first.node"
    it "$name: isolates without a platform of the plugin's" json "$work/out" \
        "j['answers'] == ['14,28,42 pending | 14,28,42 pending']"
done

# A V8 that the host has loaded and not started: the plugin starts and ends it.
if directory=$(world node-18.20.8) && libnode=$(world libnode108); then
    it "a host that has not started its V8: compiles" \
        "${CC:-gcc}" -o "$work/host" "$srcdir/tests/hosts/embedder-host.c" -ldl
    compile "$directory" gnu++17 "$work/first.node"
    libraries=("$libnode"/usr/lib/*/libnode.so.108)
    LD_LIBRARY_PATH=${libraries[0]%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
        run "$engraft" run -- "$work/host" "${libraries[0]}" "$work/first.node"
    it "a host that has not started its V8: the plugin does" out_has "$one"
else
    skip "a host that has not started its V8" "$(tail -n 1 "$work/world.err")"
fi

# Neither exported nor in .symtab: refused before anything runs, with the reason.
if directory=$(world node-24.21.0); then
    "${STRIP:-strip}" -o "$work/node" "$directory/bin/node"
    compile "$directory" gnu++20 "$work/first.node"
    run "$engraft" run -- "$work/node" "$work/bare.js" "$work/first.node"
    it "a stripped node 24: refused with the reason" \
        grep -q 'the host hides v8::internal::V8::SetPlatformForTesting' "$work/err"
else
    skip "a stripped node 24" "$(tail -n 1 "$work/world.err")"
fi

tap_end
