// SPDX-License-Identifier: MIT
// Loads an http server. It writes prepared bytes to sockets and counts the bytes of the answers, so
// that the server is what is busy. For each line "PORT KIND MILLISECONDS" on standard input: the
// number of requests that were answered and the microseconds that it took. Connections stay open
// from one line to the next.
//
//   node client.js CONNECTIONS
'use strict';

const net = require('net');
const { once } = require('events');
const readline = require('readline');

const count = Number(process.argv[2]);

const items = Array.from({ length: 30 },
                         (_, i) => ({ name: `item ${i}`, price: i * 1.5, count: i % 4 }));
const body = JSON.stringify({ items });
const requests = {
  hello: 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n',
  api: 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
};
const answers = {
  hello: /\r\n\r\n[\da-f]+\r\nhello\n\r\n0\r\n\r\n$|\r\n\r\nhello\n$/,
  api: /\r\n\r\n\{"sum":\d+(\.\d+)?,"digest":"[\da-f]{64}","count":30\}$/,
};

// The first answer tells how long all are: none has a part that varies in length.
async function connect(port, kind) {
  const socket = net.connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  socket.write(requests[kind]);
  let text = '';
  while (!answers[kind].test(text)) text += (await once(socket, 'data'))[0].toString('latin1');
  return { socket, length: text.length };
}

const open = new Map();

async function connections(port, kind) {
  const key = `${port} ${kind}`;
  if (!open.has(key))
    open.set(key, await Promise.all(Array.from({ length: count }, () => connect(port, kind))));
  return open.get(key);
}

// One request after the other until the time is over; resolves with how many were answered.
function drive({ socket, length }, request, ends) {
  return new Promise((resolve, reject) => {
    let answered = 0;
    let received = 0;
    const onData = (chunk) => {
      received += chunk.length;
      if (received < length) return;
      if (received > length)
        reject(new Error(`an answer of ${received} bytes instead of ${length}`));
      received = 0;
      answered++;
      if (process.hrtime.bigint() < ends) {
        socket.write(request);
      } else {
        socket.off('data', onData);
        resolve(answered);
      }
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error('the server has closed a connection')));
    socket.write(request);
  });
}

async function load(port, kind, milliseconds) {
  const sockets = await connections(port, kind);
  for (const { socket } of sockets) socket.removeAllListeners('close');
  const request = Buffer.from(requests[kind]);
  const start = process.hrtime.bigint();
  const ends = start + BigInt(milliseconds) * 1000000n;
  const answered = await Promise.all(sockets.map((one) => drive(one, request, ends)));
  const wall = process.hrtime.bigint() - start;
  return `${answered.reduce((a, b) => a + b, 0)} ${wall / 1000n}`;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'end') break;
    console.log(await load(...line.split(' ')));
  }
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
