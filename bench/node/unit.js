// SPDX-License-Identifier: MIT
// Runs one of programs/, a unit for each line on standard input, and answers with the time that it
// took on the wall and on the processors, in microseconds.
//
//   node unit.js PROGRAM EXPECTED    EXPECTED: the result that every unit must have; -: print it
'use strict';

const readline = require('readline');

const [file, expected] = process.argv.slice(2);
const program = require(file);

async function timed() {
  const processors = process.cpuUsage();
  const start = process.hrtime.bigint();
  const result = await program.unit();
  const wall = process.hrtime.bigint() - start;
  const { user, system } = process.cpuUsage(processors);
  if (expected === '-') return result;
  if (result !== expected) throw new Error(`${file}: got ${result}, expected ${expected}`);
  return `${wall / 1000n} ${user + system}`;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'end') break;
    console.log(await timed());
  }
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
