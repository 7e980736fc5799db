// SPDX-License-Identifier: MIT
// Loads the addon process.argv[3] in the ways there are; one line for each, with what Node said.
'use strict';

const { Worker, isMainThread, workerData } = require('worker_threads');

const load = (how, file) => {
  try {
    how(file);
    return 'loaded';
  } catch (error) {
    return error.message.split('\n')[0].replaceAll(file, 'FILE');
  }
};
const open = (flags) => (file) => process.dlopen({ exports: {} }, file, flags);
const again = (file) => {
  delete require.cache[file];
  return require(file);
};

const inWorker = (file) => new Promise((resolve, reject) => {
  const worker = new Worker(__filename, { workerData: file });
  let answer;
  worker.on('message', (message) => { answer = message; });
  worker.on('error', reject);
  worker.on('exit', () => resolve(answer));
});

const { RTLD_LAZY, RTLD_NOW, RTLD_GLOBAL } = require('os').constants.dlopen;
const ways = {
  main: async (file) => {
    console.log('require:', load(require, file));
    console.log('again:', load(again, file));
    console.log('dlopen, lazy:', load(open(RTLD_LAZY), file));
    console.log('dlopen, now and global:', load(open(RTLD_NOW | RTLD_GLOBAL), file));
    console.log('worker:', await inWorker(file));
    console.log('workers:', await Promise.all([inWorker(file), inWorker(file)]));
  },
  // Nobody else has it: it is unloaded when the worker ends.
  worker: async (file) => {
    for (let i = 0; i < 3; i++) console.log('worker:', await inWorker(file));
    console.log('main:', load(require, file));
  },
  // A library opens it, not Node: nothing may be left behind for the addon that Node opens next.
  stray: async (file) => {
    const [opener, next] = process.argv.slice(4);
    console.log('opener:', load(require, opener));
    console.log('next:', load(require, next));
    console.log('require:', load(require, file));
  },
};

if (isMainThread) {
  ways[process.argv[2]](process.argv[3]);
} else {
  const { parentPort } = require('worker_threads');
  parentPort.postMessage(load(require, workerData));
}
