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

// In a turn of its own: within a microtask a case could not run the microtasks it makes.
function turn(name) {
  return new Promise((resolve, reject) => setImmediate(() => {
    try {
      resolve(probe.run(name));
    } catch (error) {
      reject(error);
    }
  }));
}

async function turns(name) {
  let result = await turn(name);
  for (let left = TURNS; result === 'again' && left > 0; left--) {
    result = await turn(name);
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
