// SPDX-License-Identifier: MIT
//
// A node executable as a host.  It exports V8 itself and comes first in the global scope, so that
// an ordinary plugin always reaches it -- unless the plugin is opened with RTLD_DEEPBIND, which
// is what a loader does that fears clashing symbols: then the libraries that the plugin NEEDs
// come before the executable, and a second copy of the engine among them wins.
//
//   node host.js [--deepbind] PLUGIN [PROOF]
'use strict';

const { constants } = require('os');
const path = require('path');

const words = process.argv.slice(2);
const deepbind = words[0] === '--deepbind' && words.shift();
const [plugin, proof] = words.map((word) => path.resolve(word));

function load(file, flags) {
  const module = { exports: {} };
  process.dlopen(module, file, flags);
  return module.exports;
}

const { RTLD_NOW, RTLD_DEEPBIND } = constants.dlopen;
const mine = new Map([['kept', 'by node']]);

console.log(`host: V8 ${process.versions.v8} is running`);
const hello = load(plugin, deepbind ? RTLD_NOW | RTLD_DEEPBIND : RTLD_NOW);
console.log(`answer: ${hello.run()}`);
console.log(`host: its own context says: kept ${mine.get('kept')}`);
if (proof) {
  process.env.PROOF_PLUGIN = plugin;
  load(proof, RTLD_NOW);
}
