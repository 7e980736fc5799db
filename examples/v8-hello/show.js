// SPDX-License-Identifier: MIT
//
// Reads what one host of the demo printed and what engraft reported about it, prints both in
// short, and ends with status 1 and a reason for everything that is not as it has to be.
//
//   node show.js OUTPUT REPORT ENGINE_FILE ISOLATE
//
// OUTPUT: what the host printed.  REPORT: the file that ENGRAFT_REPORT named.  ENGINE_FILE: where
// every target has to be.  ISOLATE: "own" or "host's".
'use strict';

const fs = require('fs');
const path = require('path');

const [outputFile, reportFile, engineFile, isolate] = process.argv.slice(2);
const engine = fs.realpathSync(engineFile);
const lines = fs.readFileSync(outputFile, 'utf8').split('\n').map((line) => line.trimEnd());
const wrong = [];

const expected = {
  script: 'ran',
  json: 'value',
  intl: '1.234.567,891',
  collator: 'aäz',
  map: 'one=1 two=2 three=3',
  called_back: 42,
  calls: 2,
  caught_in_script: 'thrown in C++',
  caught: "line 3: TypeError: Cannot read properties of null (reading 'property')",
  buffer: 64,
  promise: 14,
  clone: 3,
  not_cloned: true,
  external: 'engraft',
  persistent: 'still here',
  collected: true,
  constructor: 'saw the same V8',
  allocator: true,
  data: true,
  isolate,
};

function require_(condition, reason) {
  if (!condition) wrong.push(reason);
}

function show(label, text) {
  console.log(`    ${label.padEnd(9)} ${text}`);
}

function lineAfter(prefix) {
  const line = lines.find((candidate) => candidate.startsWith(prefix));
  return line === undefined ? undefined : line.slice(prefix.length).trim();
}

// Wraps text at 100 columns under its label.
function showLong(label, text) {
  const words = text.split(' ');
  let line = '';
  for (const word of words) {
    if (line && line.length + word.length > 84) {
      show(label, line);
      label = '';
      line = '';
    }
    line += (line ? ' ' : '') + word;
  }
  show(label, line);
}

function checkHost() {
  const running = lineAfter('host: V8 ');
  require_(running, 'the host did not say which V8 it runs');
  return running && running.replace(' is running', '');
}

function checkReport(version) {
  const report = JSON.parse(fs.readFileSync(reportFile, 'utf8'));
  const plugins = Array.isArray(report) ? report : report.plugins;
  const plugin = plugins.find((entry) =>
    path.basename(entry.plugin || entry.path || '') === 'v8-hello.so');
  if (!plugin) {
    wrong.push('the report does not name the plugin');
    return;
  }
  const modules = new Set(plugin.bindings.filter((binding) => binding.kind === 'direct').map((binding) => binding.module).filter(Boolean));
  const adapted = plugin.bindings.filter((binding) => binding.kind === 'adapted').map((binding) => binding.symbol);
  const counts = Object.entries(plugin.counts).filter(([, count]) => count > 0);

  show('engine', `${plugin.host_abi} in ${[...modules].join(', ')}`);
  show('plugin', `${plugin.plugin_abi}, verdict ${plugin.verdict}`);
  show('bindings', counts.map(([kind, count]) => `${count} ${kind}`).join(', '));
  require_(plugin.verdict === (adapted.length ? 'adapted' : 'exact'), `verdict ${plugin.verdict}: ${plugin.reason}`);
  require_(plugin.host_abi === `v8:${version}`, `engraft found ${plugin.host_abi}, not ${version}`);
  require_(plugin.counts.direct + adapted.length >= 80, 'fewer bindings than the plugin has imports');
  for (const symbol of adapted)
    require_(/^_ZN2v87Isolate(3New|7Dispose)E/.test(symbol), `${symbol} is adapted`);
  for (const kind of ['fallback', 'trap'])
    require_(!plugin.counts[kind], `${plugin.counts[kind]} bindings are ${kind}`);
  for (const module of modules)
    require_(fs.realpathSync(module) === engine, `a binding leads to ${module}`);
}

function checkAnswer(version) {
  const line = lineAfter('answer: ');
  if (!line) {
    wrong.push('the plugin did not answer');
    return;
  }
  const answer = JSON.parse(line);
  showLong('answer', Object.entries(answer).map(([key, value]) => `${key}=${value}`).join(', '));
  require_(answer.v8 === version, `the plugin runs on V8 ${answer.v8}, the host on ${version}`);
  for (const [key, value] of Object.entries(expected))
    require_(answer[key] === value, `answer: ${key} is ${answer[key]}, not ${value}`);
}

function checkProof() {
  const proofs = lines.filter((line) => line.startsWith('proof: ')).map((line) => line.slice(7));
  const groups = proofs.map((line) => /^ *(\d+) (.*\S) +-> (.*)$/.exec(line)).filter(Boolean);
  const total = proofs
    .map((line) => /^(\d+) references, (\d+) at the symbol .*, (\d+) at an adapter/.exec(line))
    .find(Boolean);

  for (const line of proofs) show('proof', line.replace(/ +-> .*\//, ' -> '));
  require_(proofs.some((line) => line.startsWith('V8 is mapped 1 time')), 'V8 is not mapped once');
  require_(proofs.some((line) => line.startsWith(`mapped: ${engine}: V8 `)), `${engine} is not the one V8`);
  require_(groups.length >= 3, 'fewer than three kinds of relocation were proved');
  for (const [, count, kind, module] of groups)
    require_(fs.realpathSync(module) === engine || path.basename(module).startsWith('libengraft.so.'),
      `${count} of ${kind} lead to ${module}`);
  require_(total && Number(total[1]) === Number(total[2]) + Number(total[3]),
    'a reference is neither at the symbol of its name nor at an adapter');
  require_(total && Number(total[1]) >= 80, 'fewer references than the plugin has imports');
}

const version = checkHost();
checkReport(version);
checkAnswer(version);
const own = lineAfter('host: its own context says:');
if (own) show('host', `its own context says: ${own}`);
checkProof();
for (const reason of wrong) console.log(`    WRONG     ${reason}`);
process.exit(wrong.length ? 1 : 0);
