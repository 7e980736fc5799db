// SPDX-License-Identifier: MIT
// @datadog/native-iast-taint-tracking, by its JavaScript as it is published.
'use strict';

const iast = require('@datadog/native-iast-taint-tracking');

const taint = (id, text, name = 'parameter') => iast.newTaintedString(id, text, name, 'source');
const ranges = (id, text) => (iast.getRanges(id, text) ?? []).map(({ start, end, iinfo }) =>
  [start, end, iinfo.parameterName, iinfo.type].join());
// Only so many transactions can be open at once; each step closes what it has opened.
const open = new Set();
const fresh = () => {
  const id = iast.createTransaction(String(Math.random()));
  open.add(id);
  return id;
};
const closing = (steps) => Object.fromEntries(Object.entries(steps).map(([name, step]) =>
  [name, async (assert) => {
    try {
      await step(assert);
    } finally {
      open.forEach((id) => iast.removeTransaction(id));
      open.clear();
    }
  }]));

const steps = {
  'is the addon': (assert) => {
    // Without the addon, the package falls back to functions that do nothing.
    const id = fresh();
    assert.strictEqual(iast.isTainted(id, taint(id, 'tainted')), true);
  },
  'strings': (assert) => {
    const id = fresh();
    for (const text of ['a', 'ab', 'tainted', 'größer', '中文 text', 'x'.repeat(5000)]) {
      const tainted = taint(id, text);
      assert.strictEqual(tainted, text);
      assert.strictEqual(iast.isTainted(id, tainted), true, text.slice(0, 9));
      assert.deepStrictEqual(ranges(id, tainted), [`0,${text.length},parameter,source`]);
    }
    assert.strictEqual(iast.isTainted(id, 'another one'), false);
    assert.strictEqual(iast.isTainted(id, 'another', taint(id, 'tainted')), true);
    assert.strictEqual(iast.getRanges(id, 'another one') ?? null, null);
  },
  'what was tainted': (assert) => {
    const id = fresh();
    const [range] = iast.getRanges(id, taint(id, 'the value', 'the name'));
    assert.strictEqual(range.start, 0);
    assert.strictEqual(range.end, 9);
    assert.strictEqual(range.secureMarks, 0);
    assert.strictEqual(range.iinfo.parameterName, 'the name');
    assert.strictEqual(range.iinfo.parameterValue, 'the value');
    assert.strictEqual(range.iinfo.type, 'source');
  },
  'objects': (assert) => {
    const id = fresh();
    const object = { name: 'one', list: ['two', { deep: 'three' }], n: 4 };
    assert.deepStrictEqual(iast.newTaintedObject(id, object, 'body', 'source'), object);
  },
  'concat': (assert) => {
    const id = fresh();
    const tainted = taint(id, 'tainted');
    const both = iast.concat(id, `a ${tainted} b`, 'a ', `${tainted} b`);
    assert.strictEqual(both, 'a tainted b');
    const sum = iast.concat(id, `pre${tainted}`, 'pre', tainted);
    assert.deepStrictEqual(ranges(id, sum), ['3,10,parameter,source']);
    const twice = iast.concat(id, sum + sum, sum, sum);
    assert.deepStrictEqual(ranges(id, twice), ['3,10,parameter,source', '13,20,parameter,source']);
  },
  'trim': (assert) => {
    const id = fresh();
    const tainted = taint(id, '  tainted  ');
    const trimmed = iast.trim(id, tainted.trim(), tainted);
    assert.strictEqual(trimmed, 'tainted');
    assert.deepStrictEqual(ranges(id, trimmed), ['0,7,parameter,source']);
    const end = iast.trimEnd(id, tainted.trimEnd(), tainted);
    assert.deepStrictEqual(ranges(id, end), ['0,9,parameter,source']);
  },
  'slices': (assert) => {
    const id = fresh();
    const known = iast.concat(id, 'abctainted', 'abc', taint(id, 'tainted'));
    for (const how of ['slice', 'substring', 'substr']) {
      const args = how === 'substr' ? [2, 4] : [2, 6];
      const result = iast[how](id, known[how](...args), known, ...args);
      assert.strictEqual(result, 'ctai', how);
      if (how === 'slice') assert.deepStrictEqual(ranges(id, result), ['1,4,parameter,source']);
    }
  },
  'replace': (assert) => {
    const id = fresh();
    const tainted = taint(id, 'one two one');
    const first = iast.replace(id, tainted.replace('two', '2'), tainted, 'two', '2');
    assert.strictEqual(first, 'one 2 one');
    assert(iast.isTainted(id, first));
    const pattern = iast.replace(id, tainted.replace(/one/g, 'x'), tainted, /one/g, 'x');
    assert.strictEqual(pattern, 'x two x');
  },
  'case': (assert) => {
    const id = fresh();
    const tainted = taint(id, 'Tainted');
    const upper = iast.stringCase(id, tainted.toUpperCase(), tainted);
    assert.strictEqual(upper, 'TAINTED');
    assert.deepStrictEqual(ranges(id, upper), ['0,7,parameter,source']);
  },
  'join': (assert) => {
    const id = fresh();
    const list = ['a', taint(id, 'tainted'), 'b'];
    const joined = iast.arrayJoin(id, list.join('-'), list, '-');
    assert.strictEqual(joined, 'a-tainted-b');
    assert.deepStrictEqual(ranges(id, joined), ['2,9,parameter,source']);
  },
  'secure marks': (assert) => {
    const id = fresh();
    const tainted = taint(id, 'tainted');
    const marked = iast.addSecureMarksToTaintedString(id, tainted, 0b101);
    assert.strictEqual(iast.getRanges(id, marked)[0].secureMarks, 0b101);
  },
  'transactions': (assert) => {
    const one = fresh(), two = fresh();
    const tainted = taint(one, 'of one');
    assert.strictEqual(iast.isTainted(two, tainted), false);
    iast.removeTransaction(one);
    assert.strictEqual(iast.isTainted(one, tainted), false);
    iast.setMaxTransactions(100);
    for (let i = 0; i < 50; i++) assert(iast.isTainted(two, taint(two, `text ${i}`)));
    iast.removeTransaction(two);
    iast.setMaxTransactions(2);
  },
  'numbers': (assert) => {
    const id = fresh();
    taint(id, 'tainted');
    assert(iast.getMetrics(id, 2).requestCount > 0);
  },
  'what is no string': (assert) => {
    const id = fresh();
    assert.strictEqual(iast.isTainted(id, 1, null, {}), false);
    assert.strictEqual(iast.isTainted(id, undefined), false);
  },
  'collections': (assert) => {
    // Taint is found by where a string lies: it has to follow the string when that is moved.
    const id = fresh();
    const kept = [];
    for (let i = 0; i < 2000; i++) {
      kept.push(taint(id, `tainted text ${i}`, `name ${i}`));
      if (i % 500 === 0) globalThis.gc?.();
    }
    new Array(200000).fill(0).map((_, i) => ({ i }));
    globalThis.gc?.();
    const last = kept.at(-1);
    assert.strictEqual(iast.isTainted(id, last), true);
    assert.strictEqual(iast.getRanges(id, last)[0].iinfo.parameterName, 'name 1999');
    iast.removeTransaction(id);
  },
  'transactions that nobody removes': () => {
    for (let i = 0; i < 500; i++) {
      const id = fresh();
      taint(id, `text ${i}`);
      taint(id, `more ${i}`);
    }
    globalThis.gc?.();
  },
};

require('./steps.js')(closing(steps));
