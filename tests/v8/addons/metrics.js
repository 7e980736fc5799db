// SPDX-License-Identifier: MIT
// @datadog/native-metrics, by its JavaScript as it is published.
'use strict';

const v8 = require('v8');
const metrics = require('@datadog/native-metrics');

const soon = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const garbage = () => {
  for (let i = 0; i < 3e5; i++) new Array(20).fill(i);
  globalThis.gc?.();
};

const steps = {
  'the event loop': async (assert) => {
    metrics.start();
    for (let i = 0; i < 5; i++) await soon(2);
    const { eventLoop } = metrics.stats();
    metrics.stop();
    assert(eventLoop.count >= 4 && eventLoop.sum >= eventLoop.max && eventLoop.max >= eventLoop.min &&
           eventLoop.avg > 0, JSON.stringify(eventLoop));
  },
  'collections': async (assert) => {
    metrics.start();
    garbage();
    await soon(5);
    const { gc } = metrics.stats();
    metrics.stop();
    assert(gc.all.count > 0 && gc.all.sum > 0 && gc.all.max >= gc.all.min, JSON.stringify(gc.all));
    assert(Object.keys(gc).length > 1, Object.keys(gc).join());
  },
  'the processor': async (assert) => {
    metrics.start();
    const start = process.cpuUsage();
    for (let used = { user: 0, system: 0 }; used.user + used.system < 60000; used = process.cpuUsage(start));
    const { cpu } = metrics.stats();
    metrics.stop();
    assert(cpu.user + cpu.system > 20000 && cpu.user < 60e6, JSON.stringify(cpu));
  },
  'the heap': async (assert) => {
    metrics.start();
    await soon(2);
    const { heap } = metrics.stats();
    metrics.stop();
    const names = (spaces) => spaces.map((space) => space.space_name);
    assert.deepStrictEqual(names(heap.spaces), names(v8.getHeapSpaceStatistics()));
    for (const space of heap.spaces)
      assert(space.space_size >= space.space_used_size && space.space_size < 1e9, space.space_name);
    const used = heap.spaces.reduce((sum, space) => sum + space.space_used_size, 0);
    assert(used > 1e6 && used < 1e8, `${used}`);
  },
  'stopped and started': async (assert) => {
    for (let i = 0; i < 10; i++) {
      metrics.start();
      garbage();
      await soon(1);
      assert(metrics.stats().gc.all.count >= 0);
      metrics.stop();
    }
    garbage();
  },
};

require('./steps.js')(steps);
