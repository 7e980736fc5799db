// SPDX-License-Identifier: MIT
//
// A node executable as the host of features-addon.c: it serves http to itself, awaits promises and
// compiles WebAssembly all the time while Node, the plugin, runs its features.
//
//   node features-host.js ADDON SCRIPT LIBRARY EMBEDDER WORDS...
//
// Each argument of WORDS is run to its end. "quiet:" before it: the host does nothing meanwhile.
// EMBEDDER: tests/hosts/embedder.cc, another plugin that uses V8, or "-"; with "embedder:" before
// the words it runs, with a platform of its own, before, between and behind them.
'use strict';

const assert = require('assert');
const http = require('http');
const {setTimeout: delay} = require('timers/promises');

const [addonFile, script, library, embedderFile, ...jobs] = process.argv.slice(2);
const addon = require(addonFile);
const embedder = embedderFile === '-' ? undefined : require(embedderFile);
const FINE = '14,28,42 wasm 42 | 14,28,42 wasm 42'; // what the embedder answers
const WASM = Buffer.from('AGFzbQEAAAABBQFgAAF/AwIBAAcFAQFmAAAKBgEEAEEqCw==', 'base64');

function tell(ok, name, why) {
    process.stdout.write(ok ? `ok ${name}\n` : `not ok ${name}\n#   ${why}\n`);
}

function ask(port, path) {
    return new Promise((resolve, reject) => {
        http.get({host: '127.0.0.1', port, path}, (reply) => {
            let text = '';
            reply.on('data', (data) => text += data).on('end', () => resolve(text));
        }).on('error', reject);
    });
}

// One round of what a host does.
async function live(port, round) {
    assert.strictEqual(await ask(port, `/${round}`), `host /${round}`);
    const {instance} = await WebAssembly.instantiate(WASM);
    assert.strictEqual(instance.exports.f(), 42);
    await new Promise(setImmediate);
}

async function during(port, words) {
    const quiet = words.startsWith('quiet:');
    let rounds = 0, wrong;
    addon.start(plugin, words.replace(/^(quiet|embedder):/, ''));
    while (!addon.done()) {
        if (quiet)
            await delay(5);
        else
            await live(port, rounds).catch((error) => wrong ??= error);
        rounds++;
    }
    tell(rounds > 2 && !wrong, `the host's own event loop went on${quiet ? ', quietly' : ''}`,
        wrong?.stack ?? `only ${rounds} rounds`);
}

async function beside(port, words) {
    const answers = [embedder.start(), embedder.run()];
    addon.start(plugin, words);
    do {
        answers.push(embedder.run());
        await live(port, answers.length);
    } while (!addon.done());
    embedder.stop();
    tell(answers.shift() === 'started' && answers.every((answer) => answer === FINE),
        'the other plugin\'s isolates went on', answers.join('\n#   '));
    await live(port, 0);
}

let plugin;

async function main() {
    const server = http.createServer((request, reply) => reply.end(`host ${request.url}`));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const {port} = server.address();
    await live(port, 'before');
    plugin = addon.open(library, script);
    for (const words of jobs) {
        if (words.startsWith('now:'))
            addon.now(plugin, words.slice(4));
        else if (words.startsWith('embedder:'))
            await beside(port, words.slice(9));
        else
            await during(port, words);
    }
    await live(port, 'after');
    tell(true, 'the host answers in the end');
    server.close();
    server.closeAllConnections();
    console.log('# the end');
}

main();
