// SPDX-License-Identifier: MIT
// What crosses between Node's C++ and V8 in bulk: structured clones, URLs, contexts, text codecs.
'use strict';

const v8 = require('v8');
const vm = require('vm');
const { TextDecoder, TextEncoder, inspect } = require('util');

const record = {
  list: Array.from({ length: 40 }, (_, i) => ({ i, text: `item ${i}`, at: new Date(i) })),
  map: new Map([[1, { a: 'b' }], ['x', [1, 2, 3]]]), bytes: new Uint8Array(200),
};
const context = vm.createContext({ step: 3 });
const script = new vm.Script('step = (step * 7 + 1) % 1009; [step, typeof globalThis.step].join()');

exports.unit = () => {
  let total = 0;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  for (let i = 0; i < 500; i++) {
    total += v8.deserialize(v8.serialize(record)).list.length;
    total += structuredClone(record).map.size;
    total += inspect({ i, nested: { list: [1, 2, [3]] } }).length;
  }
  for (let i = 0; i < 4000; i++) {
    const url = new URL(`/path/${i % 10}?a=1&b=%20#end`, 'https://user@example.org:8080/base/');
    total += url.pathname.length + url.searchParams.get('a').length;
    total += decoder.decode(encoder.encode(`t\u00e9xt ${i % 10}`)).length;
  }
  context.step = 3;
  for (let i = 0; i < 4000; i++) total += script.runInContext(context).length;
  return String(total);
};
