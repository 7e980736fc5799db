// SPDX-License-Identifier: MIT
// The http server that is measured. Prints its port, then for each line on standard input the
// processors' time in microseconds that it has used so far.
'use strict';

const crypto = require('crypto');
const http = require('http');
const readline = require('readline');

// What an API does: parse, compute, answer.
function api(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { items } = JSON.parse(Buffer.concat(chunks));
    const sum = items.reduce((total, { price, count }) => total + price * count, 0);
    const digest = crypto.createHash('sha256').update(String(sum)).digest('hex');
    const body = JSON.stringify({ sum, digest, count: items.length });
    response.writeHead(200, { 'Content-Type': 'application/json',
                              'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
}

const server = http.createServer((request, response) => {
  if (request.method === 'POST') api(request, response);
  else response.end('hello\n');
});

server.keepAliveTimeout = 0; // the load comes and goes
server.listen(0, '127.0.0.1', () => {
  console.log(server.address().port);
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'end') process.exit(0);
    const { user, system } = process.cpuUsage();
    console.log(user + system);
  });
});
