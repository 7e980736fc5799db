// SPDX-License-Identifier: MIT
// node run.js ADDON STEPS SEED...: a sequence for each seed, in a turn of its own.
'use strict';
const { writeSync } = require('fs');

const [file, steps, ...seeds] = process.argv.slice(2);
const addon = require(file);

process.on('unhandledRejection', () => {});
// Microtasks' and whatever was thrown last: a sequence has told it where it could be seen.
process.on('uncaughtException', () => {});

function next() {
  if (!seeds.length) {
    writeSync(1, '@end\n');
    return;
  }
  const seed = seeds.shift();
  writeSync(1, `@seed\t${seed}\n`);
  setImmediate(next);
  try {
    addon.run(Number(seed), Number(steps));
  } finally {
    writeSync(1, `@done\t${seed}\n`);
  }
}

setImmediate(next);
