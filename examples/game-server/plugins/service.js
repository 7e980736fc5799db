// SPDX-License-Identifier: MIT
//
// Node's part of the plugin node.c. What goes to C and back is text.
'use strict';

const http = require('http');
const path = require('path');
const { Worker } = require('worker_threads');

let server;
let client;
let served = 0;

const functions = {
  double: (number) => number * 2,
  refuse: () => { throw new RangeError('so says Node'); },
};

// Called from the game, through C: ["name", argument...] as JSON.
exports.answer = (json) => {
  const [name, ...values] = JSON.parse(json);
  return JSON.stringify(functions[name](...values));
};

function listen() {
  return new Promise((resolve, reject) => {
    server = http.createServer((request, response) => {
      served++;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ path: request.url, number: served }));
    });
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

// Resolves with the port once the first answer has come to the client.
exports.serve = async () => {
  const port = await listen();
  const rate = Number(process.env.GAME_NODE_RATE || 500);
  client = new Worker(path.join(__dirname, 'client.js'), { workerData: { port, rate } });
  await new Promise((resolve, reject) => {
    client.once('message', resolve);
    client.once('error', reject);
  });
  return `http://127.0.0.1:${port}`;
};

function finishClient() {
  return new Promise((resolve, reject) => {
    client.once('message', resolve);
    client.once('error', reject);
    client.postMessage('finish');
  });
}

exports.finish = async () => {
  if (!client) return 'idle';
  const asked = await finishClient();
  await client.terminate();
  await new Promise((resolve) => server.close(resolve));
  return JSON.stringify({ served, ...asked });
};

// Runs a file of features, {run(names)}: which ones passed, and why the others did not.
exports.features = async () => {
  const results = await require(process.env.GAME_NODE_FEATURES).run();
  const failed = results.filter(({ ok }) => !ok).map(({ name, error }) => ({ name, error }));
  return JSON.stringify({ passed: results.length - failed.length, failed });
};
