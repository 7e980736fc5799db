// SPDX-License-Identifier: MIT
// @datadog/pprof, by its JavaScript as it is published.
'use strict';

const { spawnSync } = require('child_process');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const zlib = require('zlib');

const pprof = require('@datadog/pprof');

// Milliseconds of the processor, not of the clock: the machine may be busy with others. Made anew each
// time, so that no compiler puts it into its caller: its frames are what is looked for.
const busy = (milliseconds) => new Function('milliseconds', `
  return (function busy() {
    const start = process.cpuUsage();
    let x = 0, used;
    do {
      for (let i = 0; i < 20000; i++) x += Math.sqrt(x + 1);
      used = process.cpuUsage(start);
    } while (used.user + used.system < milliseconds * 1000);
    return x;
  })();`)(milliseconds);
const allocating = (count) => {
  const kept = [];
  for (let i = 0; i < count; i++) kept.push({ text: `object ${i}`, list: new Array(16).fill(i) });
  return kept;
};

const text = (profile, index) => profile.stringTable.strings[Number(index)];
// The names of functions, with the sum of the first value of their samples.
const functionsOf = (profile) => {
  const names = new Map(profile.function.map((one) => [Number(one.id), text(profile, one.name)]));
  const locations = new Map(profile.location.map((one) =>
    [Number(one.id), one.line.map((line) => names.get(Number(line.functionId)))]));
  const sums = {};
  for (const sample of profile.sample)
    for (const name of new Set(sample.locationId.flatMap((id) => locations.get(Number(id)))))
      sums[name] = (sums[name] ?? 0) + Number(sample.value[0]);
  return sums;
};
const labelsOf = (profile) => profile.sample.flatMap((sample) => sample.label.map((label) =>
  [text(profile, label.key), label.str ? text(profile, label.str) : Number(label.num)].join('=')));

const timed = (options, work = busy) => {
  pprof.time.start({ intervalMicros: 1000, durationMillis: 1000, ...options });
  work(200);
  return pprof.time.stop();
};

const child = (code, flags, ...args) => spawnSync(process.execPath, [...flags, '-e', code, ...args],
  { cwd: __dirname, encoding: 'utf8', timeout: 60000 });

const inWorker = (work) => new Promise((resolve, reject) => {
  const worker = new Worker(__filename, { workerData: work });
  let answer;
  worker.on('message', (message) => { answer = message; });
  worker.on('error', reject);
  worker.on('exit', (code) => (answer ? resolve(answer) : reject(new Error(`worker: ${code}`))));
});

const steps = {
  'time': (assert) => {
    const profile = timed({});
    const sums = functionsOf(profile);
    assert(sums.busy > 10, `busy has ${sums.busy} samples`);
    assert.strictEqual(text(profile, profile.sampleType[0].type), 'sample');
    assert(Number(profile.durationNanos) > 150e6, 'its duration');
  },
  'time, by lines': (assert) => {
    const profile = timed({ lineNumbers: true });
    assert(functionsOf(profile).busy > 10);
    assert(profile.location.some((one) => Number(one.line[0].line) > 20), 'lines');
  },
  'time, encoded': async (assert) => {
    const data = zlib.gunzipSync(await pprof.encode(timed({})));
    assert(data.includes('busy') && data.includes('pprof.js'));
  },
  'time, lazily': async (assert) => {
    const started = pprof.time.profileV2({ intervalMicros: 1000, durationMillis: 150 });
    busy(200);
    assert(functionsOf(await started).busy > 10);
  },
  'time, contexts': (assert) => {
    pprof.time.start({ intervalMicros: 1000, durationMillis: 1000, withContexts: true });
    pprof.time.setContext({ request: 'first' });
    busy(100);
    assert.deepStrictEqual(pprof.time.getContext(), { request: 'first' });
    pprof.time.setContext({ request: 'second' });
    busy(100);
    assert(pprof.time.getState()[pprof.time.constants.kSampleCount] > 10, 'counted samples');
    const labels = new Set(labelsOf(pprof.time.stop(false, ({ context }) => ({ ...context?.context }))));
    assert(labels.has('request=first') && labels.has('request=second'), [...labels].join());
  },
  'time, contexts and collections': (assert) => {
    const profile = timed({ withContexts: true, collectCpuTime: true }, () => {
      const kept = [];
      for (let i = 0; i < 30; i++) {
        pprof.time.setContext({ round: i });
        kept.push(allocating(2000));
        busy(5);
      }
    });
    assert(profile.sample.length > 10, `${profile.sample.length} samples`);
    assert(functionsOf(profile).busy > 10);
  },
  'time, processor time': (assert) => {
    const profile = timed({ withContexts: true, collectCpuTime: true });
    const types = profile.sampleType.map((one) => text(profile, one.type));
    const index = types.indexOf('cpu');
    assert(index >= 0, types.join());
    const sum = profile.sample.reduce((total, one) => total + Number(one.value[index]), 0);
    assert(sum > 20e6 && sum < 5e9, `${sum} ns`);
  },
  'time, asynchronous ids': async (assert) => {
    pprof.time.start({ intervalMicros: 1000, durationMillis: 1000, withContexts: true,
                       collectAsyncId: true });
    await new Promise((resolve) => setTimeout(() => { busy(100); resolve(); }, 1));
    const ids = [];
    pprof.time.stop(false, ({ context }) => { ids.push(context?.asyncId); return {}; });
    assert(ids.some((id) => typeof id === 'number'), ids.slice(0, 5).join());
  },
  'time, restarted': (assert) => {
    pprof.time.start({ intervalMicros: 1000, durationMillis: 1000 });
    for (let i = 0; i < 3; i++) {
      busy(100);
      assert(functionsOf(pprof.time.stop(i < 2)).busy > 5, `round ${i}`);
    }
    assert.strictEqual(pprof.time.isStarted(), false);
    assert.strictEqual(pprof.time.v8ProfilerStuckEventLoopDetected(), 0);
  },
  'time, again and again': () => {
    for (let i = 0; i < 20; i++) timed({ withContexts: i % 2 === 0 }, () => busy(5));
    globalThis.gc?.();
  },
  'time, twice is an error': (assert) => {
    pprof.time.start({});
    assert.throws(() => pprof.time.start({}), /already started/);
    pprof.time.stop();
  },
  'time, asynchronous contexts': async (assert) => {
    pprof.time.start({ intervalMicros: 1000, durationMillis: 1000, withContexts: true, useCPED: true });
    try {
      await pprof.time.runWithContext({ request: 'async' }, async () => {
        await null;
        busy(100);
        assert.deepStrictEqual(pprof.time.getContext(), { request: 'async' });
      });
      assert.deepStrictEqual(Object.keys(pprof.time.getMetrics()).length > 0, true);
    } finally {
      const labels = labelsOf(pprof.time.stop(false, ({ context }) => ({ ...context?.context })));
      assert(labels.includes('request=async'), labels.slice(0, 5).join());
    }
  },
  'the thread': (assert) => assert(pprof.getNativeThreadId() > 0),
  'heap': (assert) => {
    pprof.heap.start(4096, 64);
    const kept = allocating(20000);
    const profile = pprof.heap.profile();
    const sums = functionsOf(profile);
    assert(sums.allocating > 0, Object.keys(sums).join());
    assert.match(text(profile, profile.sampleType[0].type), /objects$/);
    const bytes = profile.sample.reduce((total, one) => total + Number(one.value[1]), 0);
    assert(bytes > 1e6 && bytes < 1e9, `${bytes} bytes`);
    const root = pprof.heap.v8Profile();
    assert(root.children.length > 0 && Array.isArray(root.allocations));
    pprof.heap.stop();
    assert.strictEqual(kept.length, 20000);
  },
  'heap, lazily': (assert) => {
    pprof.heap.start(4096, 64);
    const kept = allocating(20000);
    assert(functionsOf(pprof.heap.profileV2()).allocating > 0);
    pprof.heap.stop();
    assert.throws(() => pprof.heap.profile(), /not enabled|not started/);
    assert.strictEqual(kept.length, 20000);
  },
  'heap, encoded': async (assert) => {
    pprof.heap.start(4096, 64);
    const kept = allocating(20000);
    const data = zlib.gunzipSync(await pprof.encode(pprof.heap.profile()));
    pprof.heap.stop();
    assert(data.includes('allocating') && kept.length);
  },
  'heap, near its limit': (assert) => {
    const { stdout, stderr, signal } = child(`
      const pprof = require('@datadog/pprof');
      pprof.heap.start(1 << 16, 16);
      pprof.heap.monitorOutOfMemory(64 << 20, 1, false, [], (profile) => {
        require('fs').writeSync(1, 'samples: ' + profile.sample.length);
        process.exit(0);
      }, pprof.heap.CallbackMode.Interrupt);
      const kept = [];
      for (let i = 0; i < 1e8; i++) kept.push({ text: 'object ' + i });`, ['--max-old-space-size=48']);
    assert.match(stdout, /samples: [1-9]/, `${signal} ${stderr.slice(-200)}`);
  },
  'a worker': async (assert) => {
    const answer = await inWorker('both');
    assert(answer.busy > 10 && answer.allocating > 0, JSON.stringify(answer));
  },
  'workers at once': async (assert) => {
    pprof.time.start({ intervalMicros: 1000, durationMillis: 1000, withContexts: true });
    const answers = await Promise.all([inWorker('time'), inWorker('time'), inWorker('heap')]);
    const own = pprof.time.stop();
    assert(answers[0].busy > 5 && answers[1].busy > 5 && answers[2].allocating > 0 && own,
           JSON.stringify(answers));
  },
  'thread contexts': (assert) => {
    const { ThreadContext, getContext } = pprof.otelThreadCtx;
    const context = new ThreadContext(new Uint8Array(16).fill(7), new Uint8Array(8).fill(9), 1,
                                      ['value']);
    context.run(() => {
      const current = getContext();
      if (current !== undefined) assert.strictEqual(current, context);
    });
    const bytes = context.debugBytes();
    if (bytes?.length) assert.strictEqual(bytes[0], 7);
    context.appendAttributes([null, 'more']);
    context.invalidate();
  },
};

// What a step that fails leaves running is not the next one's.
const stopping = (steps) => Object.fromEntries(Object.entries(steps).map(([name, step]) =>
  [name, async (assert) => {
    try {
      await step(assert);
    } finally {
      if (pprof.time.isStarted()) pprof.time.stop();
      try {
        pprof.heap.stop();
      } catch {
        // it is not running
      }
    }
  }]));

if (isMainThread) {
  require('./steps.js')(stopping(steps));
} else {
  const answer = {};
  if (workerData !== 'heap') Object.assign(answer, functionsOf(timed({ withContexts: true })));
  if (workerData !== 'time') {
    pprof.heap.start(4096, 64);
    const kept = allocating(20000);
    Object.assign(answer, functionsOf(pprof.heap.profile()));
    pprof.heap.stop();
    answer.kept = kept.length;
  }
  parentPort.postMessage(answer);
}
