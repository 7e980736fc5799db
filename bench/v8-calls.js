// SPDX-License-Identifier: MIT
// Calls two builds of v8-calls.cc in one process, in turn: the one for this Node and one that
// engraft has adapted. Prints a line for each kind: its name and the least that a call took of
// each, in ns.
//
//   node v8-calls.js ROUNDS NATIVE.node ADAPTED.node
'use strict';

const [rounds, ...files] = process.argv.slice(2);
const addons = files.map((file) => require(file));
const clock = addons[0].clock;
const SAMPLE = 3e5; // ns
const WARM_UP = 80; // samples before the first that counts: V8 has compiled the loops

const inAddon = ['isArray', 'fieldCount', 'newInteger', 'newNumber', 'newString', 'scope',
  'compile', 'properties'];
const inScript = {
  empty: 'for (; n > 0; n--) addon.empty();',
  add: 'let sum = 0.5; for (; n > 0; n--) sum = addon.add(sum, n);',
  getter: 'let sum = 0, o = addon.object; for (; n > 0; n--) sum += o.data;',
  accessor: 'let sum = 0, o = addon.object; for (; n > 0; n--) sum += o.accessor;',
  map: 'for (; n > 0; n--) array.map(addon.add);',
};

// A text of its own for each addon: loops that shared their code would share what V8 learns.
function scriptLoop(body, addon, index) {
  const loop = new Function('addon', 'array', 'n', `/* ${files[index]} */ ${body}`);
  const array = Array.from({ length: 100 }, (_, i) => i);
  return (n) => {
    const start = clock();
    loop(addon, array, n);
    return clock() - start;
  };
}

function kinds() {
  const all = inAddon.map((name) => [name, addons.map((addon) => addon[name])]);
  for (const [name, body] of Object.entries(inScript)) {
    all.push([name, addons.map((addon, index) => scriptLoop(body, addon, index))]);
  }
  return all;
}

// How often it fits into a sample, once it is warm.
function countFor(loops) {
  let count = 16;
  for (let i = 0; i < WARM_UP; i++) {
    const spent = Math.max(...loops.map((loop) => loop(count)));
    count = Math.max(1, Math.round(count * Math.min(4, SAMPLE / Math.max(spent, 1))));
  }
  return count;
}

// The first of a round goes last in the second half: what is slow for a while is so for both.
function round({ loops, count, least }, turn) {
  for (const index of [turn & 1, 1 - (turn & 1), 1 - (turn & 1), turn & 1]) {
    least[index] = Math.min(least[index], loops[index](count) / count);
  }
}

const all = kinds().map(([name, loops]) =>
  ({ name, loops, count: countFor(loops), least: loops.map(() => Infinity) }));
for (let turn = 0; turn < +rounds; turn++) {
  all.forEach((kind) => round(kind, turn));
}
for (const { name, least } of all) {
  console.log(name, ...least.map((time) => time.toFixed(3)));
}
