// SPDX-License-Identifier: MIT
// Runs the functions of a real addon one by one. Each step prints a line: "ok NAME", or "wrong NAME: WHY".
// What is asserted is what the addon does natively; a step that ends the process has no line.
'use strict';

const assert = require('assert');
const fs = require('fs');

const tell = (line) => fs.writeSync(1, `${line}\n`);

module.exports = async (steps) => {
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step(assert);
      tell(`ok ${name}`);
    } catch (error) {
      tell(`wrong ${name}: ${String(error?.message ?? error).split('\n')[0]}`);
      if (process.env.ADDONS_VERBOSE) console.error(error);
    }
  }
  tell('done');
};
