// SPDX-License-Identifier: MIT
// EventEmitter, object streams, byte streams, web streams, string_decoder.
'use strict';

const { EventEmitter, once } = require('events');
const { PassThrough, Readable, Transform, Writable } = require('stream');
const { pipeline } = require('stream/promises');
const { StringDecoder } = require('string_decoder');

function emitted() {
  const emitter = new EventEmitter();
  let sum = 0;
  for (let i = 0; i < 5; i++) emitter.on('number', (a, b) => { sum += a * i - b; });
  for (let i = 0; i < 60000; i++) emitter.emit('number', i, 1);
  for (let i = 0; i < 5000; i++) {
    emitter.once('single', (value) => { sum += value; });
    emitter.emit('single', i);
  }
  return sum;
}

async function piped() {
  let sum = 0;
  await pipeline(
    Readable.from(Array.from({ length: 6000 }, (_, i) => i)),
    new Transform({ objectMode: true, transform(i, _, done) { done(null, { i }); } }),
    new Writable({ objectMode: true, write({ i }, _, done) { sum += i; done(); } }));
  const decoder = new StringDecoder('utf8');
  const bytes = new PassThrough();
  bytes.on('data', (chunk) => { sum += decoder.write(chunk).length; });
  for (let i = 0; i < 6000; i++) bytes.write('\u65e5\u672c'.repeat(20));
  bytes.end();
  await once(bytes, 'close');
  return sum;
}

async function web() {
  let sum = 0;
  const source = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 1500; i++) controller.enqueue(i);
      controller.close();
    } });
  for await (const value of source) sum += value;
  return sum;
}

exports.unit = async () => `${emitted()} ${await piped()} ${await web()}`;
