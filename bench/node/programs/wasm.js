// SPDX-License-Identifier: MIT
// WebAssembly that reads and writes its memory: a sieve of Eratosthenes. The module is assembled
// here: func (param $limit i32) (result i32) of two nested loops over bytes.
'use strict';

const leb = (value) => {
  const bytes = [];
  do {
    const more = value >= 0x80;
    bytes.push((value & 0x7f) | (more ? 0x80 : 0));
    value >>>= 7;
  } while (value);
  return bytes;
};
const section = (id, ...content) => [id, ...leb(content.length), ...content];

const [limit, i, j, count] = [0, 1, 2, 3];
const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const constant = (value) => [0x41, value];
const add = [0x6a];
const load = [0x2d, 0, 0];
const store = [0x3a, 0, 0];
const [lessUnsigned, isZero] = [[0x49], [0x45]];
const [loop, ifTrue, end] = [[0x03, 0x40], [0x04, 0x40], [0x0b]];
const again = (depth) => [0x0c, depth];

// i = 0; while (i < limit) memory[i++] = 0
const clear = [constant(0), set(i), loop, get(i), get(limit), lessUnsigned, ifTrue,
  get(i), constant(0), store, get(i), constant(1), add, set(i), again(1), end, end];
// i = 2; while (i < limit) { if (!memory[i]) { count++; for (j = i + i; j < limit; j += i)
//   memory[j] = 1; } i++ }
const sieve = [constant(2), set(i), loop, get(i), get(limit), lessUnsigned, ifTrue,
  get(i), load, isZero, ifTrue,
  get(count), constant(1), add, set(count), get(i), get(i), add, set(j),
  loop, get(j), get(limit), lessUnsigned, ifTrue,
  get(j), constant(1), store, get(j), get(i), add, set(j), again(1), end, end,
  end,
  get(i), constant(1), add, set(i), again(1), end, end];

const body = [1, 3, 0x7f, ...[...clear, ...sieve, get(count), end].flat()];
const bytes = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7f),
  ...section(3, 1, 0),
  ...section(5, 1, 0, 64),
  ...section(7, 1, 1, 0x66, 0, 0),
  ...section(10, 1, ...leb(body.length), ...body),
]);

const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;

exports.unit = () => {
  let result = 0;
  for (let round = 0; round < 8; round++) result = f(1000000 + round);
  return String(result);
};
