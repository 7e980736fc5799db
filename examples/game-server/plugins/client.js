// SPDX-License-Identifier: MIT
//
// A worker thread that asks the server of service.js, `rate` times a second, and checks each answer.
'use strict';

const http = require('http');
const { parentPort, workerData: { port, rate } } = require('worker_threads');

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const PERIOD = 10;
let asked = 0;
let answered = 0;
let wrong = 0;
let finishing = false;

function done(fine) {
  answered++;
  if (!fine) wrong++;
  if (answered === 1) parentPort.postMessage('ready');
  if (finishing && answered === asked) finish();
}

function ask() {
  const wanted = `/${asked++}`;
  http.get({ host: '127.0.0.1', port, path: wanted, agent }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => { text += chunk; });
    response.on('end', () => done(response.statusCode === 200 && JSON.parse(text).path === wanted));
  }).on('error', () => done(false));
}

// As many as are due: a late timer does not make the load smaller.
const begin = Date.now();
const timer = setInterval(() => {
  const due = Math.floor((Date.now() - begin) * rate / 1000);
  while (asked < due && asked - answered < 64) ask();
}, PERIOD);

function finish() {
  agent.destroy();
  parentPort.postMessage({ asked, answered, wrong });
}

parentPort.on('message', () => {
  clearInterval(timer);
  finishing = true;
  if (answered === asked) finish();
});
ask();
