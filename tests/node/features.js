// SPDX-License-Identifier: MIT
//
// What Node.js must be able to do, wherever it runs: each function here throws when it does not.
//
//   const {features, run} = require('./features.js');
//   await features.http();          one of them
//   await run(['http', 'wasm'])     some of them, or all without an argument: an array of
//                                   {name, ok, milliseconds, error}; never throws
//   node features.js [NAME...]      TAP
//
// For Node 18 and 20, on any host: nothing depends on process.execPath, on standard input or
// output, or on being alone in the process.
'use strict';

const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {once} = require('events');
const {promisify} = require('util');

const LIMIT = 60000; // milliseconds for one feature, where it hangs

async function withServer(handler, use) {
    const server = require('http').createServer(handler);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
        return await use(server.address().port);
    } finally {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
    }
}

async function withDirectory(use) {
    const directory = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'engraft-features-'));
    try {
        return await use(directory);
    } finally {
        await fs.promises.rm(directory, {recursive: true, force: true});
    }
}

async function textOf(stream) {
    const chunks = [];
    for await (const chunk of stream)
        chunks.push(chunk);
    return Buffer.concat(chunks).toString();
}

function request(port, target, {body, ...options} = {}) {
    return new Promise((resolve, reject) => {
        const outgoing = require('http').request({host: '127.0.0.1', port, path: target, ...options},
            (incoming) => textOf(incoming).then((text) =>
                resolve({status: incoming.statusCode, headers: incoming.headers, text}), reject));
        outgoing.on('error', reject);
        outgoing.end(body);
    });
}

async function worker(source, options = {}) {
    const {Worker} = require('worker_threads');
    return new Worker(source, {eval: true, ...options});
}

// (module (memory 1) (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1
//  i32.add) (func (export "load") (param i32) (result i32) local.get 0 i32.load)
//  (func (export "sum") (param i32) (result i32) (local i32) loop local.get 1 local.get 0 i32.add
//  local.set 1 local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 1))
const WASM = Buffer.from([
    '0061736d01000000', '010c0260027f7f017f60017f017f', '030403000101', '0503010001',
    '07140303616464000004' + '6c6f616400010373756d0002',
    '0a2b03' + '0700200020016a0b' + '07002000280200' + '0b' +
    '1901017f0340200120006a2101200041016b22000d000b20010b'].join(''), 'hex');

const features = {
    async http() {
        const large = Buffer.alloc(1 << 20, 'x').toString();
        const agent = new (require('http').Agent)({keepAlive: true, maxSockets: 8});
        const handler = async (incoming, outgoing) => {
            outgoing.setHeader('x-method', incoming.method);
            outgoing.end(incoming.url + ' ' + await textOf(incoming));
        };
        await withServer(handler, async (port) => {
            const answers = await Promise.all(Array.from({length: 100}, (_, i) =>
                request(port, `/${i}`, {agent})));
            answers.forEach((answer, i) => {
                assert.strictEqual(answer.status, 200);
                assert.strictEqual(answer.text, `/${i} `);
            });
            const post = await request(port, '/post', {method: 'POST', body: large});
            assert.strictEqual(post.headers['x-method'], 'POST');
            assert.strictEqual(post.text, `/post ${large}`);
            agent.destroy();
        });
    },

    async fetch() {
        const handler = (incoming, outgoing) => outgoing.end(JSON.stringify({url: incoming.url}));
        await withServer(handler, async (port) => {
            const answer = await fetch(`http://127.0.0.1:${port}/with-fetch`);
            assert.deepStrictEqual(await answer.json(), {url: '/with-fetch'});
        });
    },

    async http2() {
        const http2 = require('http2');
        const server = http2.createServer();
        server.on('stream', (stream, headers) => {
            stream.respond({':status': 200});
            stream.end(`h2 ${headers[':path']}`);
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const client = http2.connect(`http://127.0.0.1:${server.address().port}`);
        try {
            assert.strictEqual(await textOf(client.request({':path': '/over'})), 'h2 /over');
        } finally {
            client.close();
            server.close();
        }
    },

    async net() {
        const net = require('net');
        const server = net.createServer((socket) => socket.pipe(socket));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const client = net.connect(server.address().port, '127.0.0.1');
        client.end('there and back');
        assert.strictEqual(await textOf(client), 'there and back');
        server.close();
        await once(server, 'close');
    },

    async dns() {
        const {address} = await require('dns').promises.lookup('127.0.0.1');
        assert.strictEqual(address, '127.0.0.1');
    },

    async fsPromises() {
        await withDirectory(async (directory) => {
            const file = path.join(directory, 'file');
            const bytes = require('crypto').randomBytes(1 << 20);
            await fs.promises.writeFile(file, bytes);
            assert.strictEqual((await fs.promises.stat(file)).size, bytes.length);
            assert.ok(bytes.equals(await fs.promises.readFile(file)));
            await Promise.all(Array.from({length: 50}, (_, i) =>
                fs.promises.writeFile(path.join(directory, `f${i}`), String(i))));
            assert.strictEqual((await fs.promises.readdir(directory)).length, 51);
            await assert.rejects(fs.promises.readFile(path.join(directory, 'none')), {code: 'ENOENT'});
            assert.strictEqual(fs.readFileSync(path.join(directory, 'f7'), 'utf8'), '7');
        });
    },

    async streams() {
        const {pipeline} = require('stream/promises');
        const zlib = require('zlib');
        await withDirectory(async (directory) => {
            const text = 'all work and no play\n'.repeat(20000), file = path.join(directory, 'z');
            await pipeline([text], zlib.createGzip(), fs.createWriteStream(file));
            assert.ok(fs.statSync(file).size < text.length / 50);
            assert.strictEqual(await textOf(fs.createReadStream(file).pipe(zlib.createGunzip())), text);
            const packed = await promisify(zlib.brotliCompress)(text);
            assert.strictEqual((await promisify(zlib.brotliDecompress)(packed)).toString(), text);
        });
    },

    async crypto() {
        const crypto = require('crypto');
        assert.strictEqual(crypto.createHash('sha256').update('abc').digest('hex'),
            'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
        assert.strictEqual((await promisify(crypto.pbkdf2)('password', 'salt', 1, 20, 'sha1')).toString('hex'),
            '0c60c80f961f0e71f3a9b524af6012062fe037a6');
        assert.strictEqual((await promisify(crypto.randomBytes)(64)).length, 64);
        const {publicKey, privateKey} = await promisify(crypto.generateKeyPair)('ec', {namedCurve: 'P-256'});
        const signature = crypto.sign('sha256', Buffer.from('signed'), privateKey);
        assert.ok(crypto.verify('sha256', Buffer.from('signed'), publicKey, signature));
        assert.ok(!crypto.verify('sha256', Buffer.from('changed'), publicKey, signature));
        const digest = await crypto.webcrypto.subtle.digest('SHA-256', Buffer.from('abc'));
        assert.ok(Buffer.from(digest).toString('hex').startsWith('ba7816bf'));
    },

    async workerThreads() {
        const workers = await Promise.all([1, 2, 3, 4].map((n) => worker(
            `const {parentPort, workerData} = require('worker_threads');
             parentPort.once('message', (shared) => {
                 for (let i = 0; i < 1000; i++) Atomics.add(shared, 0, workerData);
                 parentPort.postMessage({n: workerData, map: new Map([[1, 2n]]), v8: process.versions.v8});
             });`, {workerData: n})));
        const shared = new Int32Array(new SharedArrayBuffer(4));
        const answers = await Promise.all(workers.map((w) => {
            w.postMessage(shared);
            return once(w, 'message').then(([message]) => message);
        }));
        assert.deepStrictEqual(answers.map((answer) => answer.n), [1, 2, 3, 4]);
        assert.strictEqual(answers[0].map.get(1), 2n);
        assert.strictEqual(answers[0].v8, process.versions.v8);
        assert.strictEqual(shared[0], 10000);
        await Promise.all(workers.map((w) => w.terminate()));
    },

    async workerErrors() {
        const failing = await worker('throw new TypeError("from the worker")');
        const [error] = await once(failing, 'error');
        assert.strictEqual(error.message, 'from the worker');
        const leaving = await worker('process.exit(9)');
        assert.strictEqual((await once(leaving, 'exit'))[0], 9);
        const endless = await worker('require("worker_threads").parentPort.postMessage(1); for (;;);');
        await once(endless, 'message');
        await endless.terminate();
    },

    // A worker has an isolate of its own: its heap is full, and nothing else happens.
    async outOfMemory() {
        const greedy = await worker('const all = []; for (;;) all.push(new Array(1000).fill(all.length))',
            {resourceLimits: {maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4}});
        const [error] = await once(greedy, 'error');
        assert.strictEqual(error.code, 'ERR_WORKER_OUT_OF_MEMORY');
    },

    async atomicsWaitAsync() {
        const cell = new Int32Array(new SharedArrayBuffer(4));
        const waiting = Atomics.waitAsync(cell, 0, 0);
        assert.ok(waiting.async);
        const waker = await worker(`const cell = require('worker_threads').workerData;
            setTimeout(() => { Atomics.store(cell, 0, 1); Atomics.notify(cell, 0); }, 5)`, {workerData: cell});
        assert.strictEqual(await waiting.value, 'ok');
        await waker.terminate();
    },

    async messageChannel() {
        const {port1, port2} = new MessageChannel();
        const buffer = new ArrayBuffer(8);
        port1.postMessage(buffer, [buffer]);
        const [message] = await once(port2, 'message');
        assert.strictEqual((message.data ?? message).byteLength, 8);
        assert.strictEqual(buffer.byteLength, 0);
        port1.close();
        assert.deepStrictEqual(structuredClone(new Map([['a', new Set([1])]])), new Map([['a', new Set([1])]]));
    },

    async wasm() {
        const {instance} = await WebAssembly.instantiate(WASM);
        const {add, load, sum} = instance.exports;
        assert.strictEqual(add(40, 2), 42);
        for (let i = 0; i < 20; i++) // long enough to be compiled again by the optimising tier
            assert.strictEqual(sum(100000), 705082704);
        assert.throws(() => load(-1), WebAssembly.RuntimeError); // by signal, where V8 has its handler
        assert.strictEqual(load(0), 0);
        const compiled = await WebAssembly.compile(WASM);
        assert.deepStrictEqual(WebAssembly.Module.exports(compiled).map((entry) => entry.name),
            ['add', 'load', 'sum']);
        await assert.rejects(WebAssembly.compile(Buffer.from('broken')), WebAssembly.CompileError);
    },

    async intl() {
        assert.strictEqual(new Intl.NumberFormat('de-DE').format(1234567.5), '1.234.567,5');
        assert.strictEqual(new Date(Date.UTC(2024, 1, 29)).toLocaleDateString('en-GB',
            {dateStyle: 'full', timeZone: 'UTC'}).replace(',', ''), 'Thursday 29 February 2024');
        assert.deepStrictEqual(['z', 'ä', 'a'].sort(new Intl.Collator('de').compare), ['a', 'ä', 'z']);
        assert.deepStrictEqual(['z', 'ä', 'a'].sort(new Intl.Collator('sv').compare), ['a', 'z', 'ä']);
        assert.strictEqual('i'.toLocaleUpperCase('tr'), 'İ');
        assert.strictEqual([...new Intl.Segmenter('en', {granularity: 'word'}).segment('two words')].length, 3);
        assert.strictEqual(new TextDecoder('gb18030').decode(Uint8Array.of(0xc4, 0xe3)), '你');
        assert.match('straße', /^\p{Letter}+$/u);
    },

    async childProcess() {
        const {execFile, execFileSync, spawn} = require('child_process');
        const {stdout} = await promisify(execFile)('/bin/sh', ['-c', 'echo child $1', 'sh', 'process']);
        assert.strictEqual(stdout, 'child process\n');
        assert.strictEqual(execFileSync('/bin/cat', {input: 'through'}).toString(), 'through');
        const cat = spawn('/bin/cat');
        cat.stdin.end('piped');
        assert.strictEqual(await textOf(cat.stdout), 'piped');
        const failing = spawn('/bin/sh', ['-c', 'exit 3']);
        assert.strictEqual((await once(failing, 'exit'))[0], 3);
        const sleeping = spawn('/bin/sleep', ['1000']);
        sleeping.kill('SIGTERM');
        assert.strictEqual((await once(sleeping, 'exit'))[1], 'SIGTERM');
    },

    async dynamicImport() {
        assert.strictEqual((await import('fs')).readFileSync, fs.readFileSync);
        assert.strictEqual((await import('data:text/javascript,export default 6 * 7')).default, 42);
        await withDirectory(async (directory) => {
            const {pathToFileURL} = require('url');
            fs.writeFileSync(path.join(directory, 'a.mjs'),
                'import {b} from "./b.mjs"; export const sum = b + await Promise.resolve(2);' +
                'export const url = import.meta.url;');
            fs.writeFileSync(path.join(directory, 'b.mjs'), 'export const b = 40;');
            const url = pathToFileURL(path.join(directory, 'a.mjs')).href;
            const module = await import(url);
            assert.deepStrictEqual([module.sum, module.url], [42, url]);
            await assert.rejects(import(url + '.none'), {code: 'ERR_MODULE_NOT_FOUND'});
        });
        await assert.rejects(import('data:text/javascript,syntax error'), SyntaxError);
    },

    async vm() {
        const vm = require('vm');
        const context = vm.createContext({outer: 40});
        assert.strictEqual(vm.runInContext('outer + 2', context), 42);
        assert.throws(() => vm.runInContext('for (;;);', context, {timeout: 20}),
            {code: 'ERR_SCRIPT_EXECUTION_TIMEOUT'});
    },

    async inspector() {
        const inspector = require('inspector');
        const session = new inspector.Session();
        session.connect();
        const post = promisify(session.post.bind(session));
        const {result} = await post('Runtime.evaluate', {expression: '6 * 7'});
        assert.strictEqual(result.value, 42);
        await post('Profiler.enable');
        await post('Profiler.start');
        for (let i = 0, end = Date.now() + 30; Date.now() < end; i++);
        const {profile} = await post('Profiler.stop');
        assert.ok(profile.nodes.length > 1);
        session.disconnect();
    },

    // Over a socket, as a debugger comes.
    async inspectorServer() {
        const inspector = require('inspector');
        const opened = inspector.url() === undefined;
        if (opened)
            inspector.open(0, '127.0.0.1');
        try {
            const {port} = new URL(inspector.url());
            const [target] = JSON.parse((await request(port, '/json/list')).text);
            assert.strictEqual(target.webSocketDebuggerUrl, inspector.url());
        } finally {
            if (opened)
                inspector.close();
        }
    },

    async timers() {
        const {performance} = require('perf_hooks');
        const order = [];
        const fired = Array.from({length: 10000}, (_, i) => new Promise((resolve) => {
            const delay = i % 50, start = performance.now();
            setTimeout(() => resolve(performance.now() - start - delay), delay);
        }));
        const interval = setInterval(() => order.push('tick'), 1);
        for (let burst = 0; burst < 5; burst++) {
            for (const end = Date.now() + 10; Date.now() < end;);
            await new Promise(setImmediate);
        }
        const early = Math.min(...await Promise.all(fired));
        clearInterval(interval);
        assert.ok(early > -2, `${-early} ms too early`);
        assert.ok(order.length >= 2);
        const steps = [];
        await new Promise((resolve) => {
            setImmediate(() => { steps.push('immediate'); resolve(); });
            process.nextTick(() => steps.push('tick'));
            Promise.resolve().then(() => steps.push('microtask'));
        });
        assert.deepStrictEqual([...steps].sort(), ['immediate', 'microtask', 'tick']);
        assert.strictEqual(steps[2], 'immediate');
        assert.strictEqual(await require('timers/promises').setTimeout(1, 'value'), 'value');
    },

    async unhandledRejection() {
        const reason = new Error('nobody waits for this');
        const seen = new Promise((resolve) => process.once('unhandledRejection', resolve));
        Promise.reject(reason);
        assert.strictEqual(await seen, reason);
    },

    async uncaughtException() {
        const thrown = new Error('nobody catches this');
        const seen = new Promise((resolve) => process.once('uncaughtException', resolve));
        setImmediate(() => { throw thrown; });
        assert.strictEqual(await seen, thrown);
    },

    async weakReferences() {
        let collected = 0;
        const registry = new FinalizationRegistry(() => collected++);
        for (let i = 0; i < 1000; i++)
            registry.register({i}, i);
        const session = new (require('inspector').Session)();
        session.connect();
        for (let round = 0; collected === 0 && round < 20; round++) {
            await promisify(session.post.bind(session))('HeapProfiler.collectGarbage');
            await new Promise(setImmediate); // the session may not end inside of that answer
        }
        session.disconnect();
        assert.ok(collected > 0, 'no finalizer has run');
    },

    async asyncHooks() {
        const {AsyncLocalStorage} = require('async_hooks');
        const storage = new AsyncLocalStorage();
        await storage.run('kept', async () => {
            await new Promise((resolve) => setTimeout(resolve, 1));
            assert.strictEqual(storage.getStore(), 'kept');
        });
        assert.strictEqual(storage.getStore(), undefined);
    },

    async v8() {
        const v8 = require('v8');
        assert.deepStrictEqual(v8.deserialize(v8.serialize({a: [1n, new Date(0)]})), {a: [1n, new Date(0)]});
        assert.ok(v8.getHeapStatistics().used_heap_size > 1 << 20);
        assert.ok(v8.getHeapSpaceStatistics().length > 4);
        const snapshot = JSON.parse(await new Promise((resolve) => {
            let text = ''; // Node 18's stream of it has no end for `for await`
            v8.getHeapSnapshot().on('data', (chunk) => text += chunk).on('end', () => resolve(text));
        }));
        assert.ok(snapshot.snapshot.node_count > 1000);
    },

    async buffers() {
        const external = Buffer.allocUnsafeSlow(64 << 20);
        external.fill(1);
        assert.strictEqual(external[external.length - 1], 1);
        assert.strictEqual(await new Blob(['a', 'b']).text(), 'ab');
        assert.strictEqual(Buffer.from('héllo', 'utf8').toString('base64'), 'aMOpbGxv');
    },

    async signals() {
        const seen = once(process, 'SIGUSR2');
        process.kill(process.pid, 'SIGUSR2');
        assert.strictEqual((await seen)[0], 'SIGUSR2');
    },
};

// One after the other, so that a failure has one cause.
async function one(name) {
    const start = Date.now();
    let timer, error;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing after ${LIMIT} ms`)), LIMIT);
    });
    try {
        assert.ok(features[name], `no feature ${name}`);
        await Promise.race([features[name](), late]);
    } catch (thrown) {
        error = String(thrown?.stack ?? thrown);
    }
    clearTimeout(timer);
    return {name, ok: error === undefined, milliseconds: Date.now() - start, error: error ?? ''};
}

async function run(names = Object.keys(features)) {
    const results = [];
    for (const name of names)
        results.push(await one(name));
    return results;
}

module.exports = {features, run};

if (require.main === module) {
    run(process.argv.length > 2 ? process.argv.slice(2) : undefined).then((results) => {
        results.forEach(({name, ok, milliseconds, error}, i) => {
            console.log(`${ok ? 'ok' : 'not ok'} ${i + 1} - ${name}, ${milliseconds} ms`);
            if (error)
                console.log(error.replace(/^/gm, '#   '));
        });
        console.log(`1..${results.length}`);
        process.exitCode = results.every(({ok}) => ok) ? 0 : 1;
    });
}
