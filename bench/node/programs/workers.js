// SPDX-License-Identifier: MIT
// Worker threads: an isolate of its own each, started, asked, answered, ended.
'use strict';

const { once } = require('events');
const { Worker } = require('worker_threads');

const source = `
  const { parentPort } = require('worker_threads');
  parentPort.on('message', (list) => {
    parentPort.postMessage(list.reduce((a, b) => a + b, 0));
    if (list.length === 0) parentPort.close();
  });`;

async function ask(worker, list) {
  worker.postMessage(list);
  return (await once(worker, 'message'))[0];
}

exports.unit = async () => {
  let sum = 0;
  const worker = new Worker(source, { eval: true });
  const exited = once(worker, 'exit'); // which may follow the last message at once
  for (let i = 1; i < 200; i++) sum += await ask(worker, [i, i, i]);
  sum += await ask(worker, []);
  await exited;
  return String(sum);
};
