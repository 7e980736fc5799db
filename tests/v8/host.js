// SPDX-License-Identifier: MIT
// Loads the probe and runs the cases named, or prints their names when none is. What happens is
// told by lines on stdout that start with "@", written at once: the process may die any time.
'use strict';
const { writeSync } = require('fs');

const TURNS = 2000; // that a case may ask to be called again
const [file, ...cases] = process.argv.slice(2);
const say = (word, ...rest) => writeSync(1, ['@' + word, ...rest].join('\t') + '\n');
let probe;

function load() {
  try {
    probe = require(file);
  } catch (error) {
    say('refused', JSON.stringify(String(error.message)));
    process.exit(3);
  }
}

async function turns(name) {
  let result = probe.run(name);
  for (let turn = 0; result === 'again' && turn < TURNS; turn++) {
    await new Promise(setImmediate);
    result = probe.run(name);
  }
  return result;
}

async function main() {
  load();
  if (!cases.length) {
    say('names', ...probe.names());
  }
  for (const name of cases) {
    say('run', name);
    let result;
    try {
      result = await turns(name);
    } catch (error) {
      result = 'threw into JavaScript: ' + error;
    }
    say('result', name, JSON.stringify(result));
  }
  say('end');
}

main();
