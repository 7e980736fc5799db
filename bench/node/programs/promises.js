// SPDX-License-Identifier: MIT
// Microtasks, process.nextTick(), setImmediate() and timers: engine and event loop in turn.
'use strict';

const { setTimeout: sleep } = require('timers/promises');
const { AsyncLocalStorage } = require('async_hooks');

const storage = new AsyncLocalStorage();

async function* numbers(count) {
  for (let i = 0; i < count; i++) yield i;
}

const immediate = () => new Promise((resolve) => setImmediate(resolve));
const tick = () => new Promise((resolve) => process.nextTick(resolve));

exports.unit = async () => {
  let sum = 0;
  for (let i = 0; i < 60000; i++) sum += await i;
  for await (const number of numbers(15000)) sum += number;
  for (let i = 0; i < 6000; i++) await tick();
  for (let i = 0; i < 3000; i++) await immediate();
  await Promise.all(Array.from({ length: 4000 }, async (_, i) => {
    await sleep(1 + (i % 2));
    sum += i;
  }));
  await storage.run(7, async () => {
    for (let i = 0; i < 6000; i++) sum += await storage.getStore();
  });
  return String(sum);
};
