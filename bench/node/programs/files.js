// SPDX-License-Identifier: MIT
// Small files, with callbacks' threads (fs.promises) and without.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'engraft-bench-'));
process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
const name = (i) => path.join(directory, `file-${i}`);

exports.unit = async () => {
  let total = 0;
  for (let i = 0; i < 400; i++) {
    fs.writeFileSync(name(i % 40), `content ${i % 10}\n`.repeat(50));
    total += fs.readFileSync(name(i % 40), 'utf8').length + fs.statSync(name(i % 40)).size;
    const file = fs.openSync(name(i % 40), 'r');
    total += fs.readSync(file, Buffer.alloc(64), 0, 64, 10);
    fs.closeSync(file);
    total += fs.existsSync(name(1000)) ? 1 : 0;
  }
  total += fs.readdirSync(directory, { withFileTypes: true }).length;
  for (let i = 0; i < 10; i++) {
    const reading = Array.from({ length: 30 }, (_, k) => fs.promises.readFile(name(k)));
    const read = await Promise.all(reading);
    total += read.reduce((sum, content) => sum + content.length, 0);
  }
  return String(total);
};
