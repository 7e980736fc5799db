// SPDX-License-Identifier: MIT
//
// ENGRAFT_NODE_MODULES=108[,93...]: packages that bring compiled addons choose the file by the number
// in process.versions.modules. Where there is none for this node, what they have for one of these
// module versions is taken, the first that there is. `engraft run` has node load this file first, in
// every worker thread too; by hand: node --require this-file. NODE_DEBUG=engraft tells what is taken.
//
// Only a search that has failed is repeated: what is there for this node is always preferred, and
// process.versions is what it was for everybody else.
'use strict';

const Module = require('module');
const path = require('path');
const debug = require('util').debuglog('engraft');

const own = process.versions.modules;
const known = ['147', '141', '137', '131', '127', '120', '115', '111', '108', '93'];
const wished = (process.env.ENGRAFT_NODE_MODULES || '').split(',').map((word) => word.trim());
const numbers = (wished.includes('any') ? known : wished.filter((word) => /^\d+$/.test(word)))
  .filter((number) => number !== own);

// The first number that `attempt` does not fail with; else `error`.
const firstOf = (attempt, error) => {
  for (const number of numbers) {
    try {
      const found = attempt(number);
      debug('module version %s: %s', number, found);
      return found;
    } catch {
      // the next one
    }
  }
  throw error;
};

// ---- require(`lib/binding/node-v${process.versions.modules}-linux-x64/addon.node`) ------------------
// bindings, node-pre-gyp, and packages that make up the name by themselves.

const ownNumber = new RegExp(`(?<!\\d)${own}(?!\\d)(?!.*(?<!\\d)${own}(?!\\d))`);
const resolveFilename = Module._resolveFilename;

Module._resolveFilename = function (request, ...rest) {
  try {
    return resolveFilename.call(this, request, ...rest);
  } catch (error) {
    if (error?.code !== 'MODULE_NOT_FOUND' || !ownNumber.test(request)) throw error;
    return firstOf((number) => {
      const found = resolveFilename.call(this, request.replace(ownNumber, number), ...rest);
      if (!found.endsWith('.node')) throw error;
      return found;
    }, error);
  }
};

// ---- require('node-gyp-build')(directory) -----------------------------------------------------------
// It reads the number once, when it is loaded: a copy of it is loaded for each other number.

const selector = /[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?node-gyp-build[^\\/]*[\\/][^\\/]+\.js$/;
const load = Module.prototype.load;
let copying = false;

const withNumber = (number, action) => {
  const descriptor = Object.getOwnPropertyDescriptor(process.versions, 'modules');
  Object.defineProperty(process.versions, 'modules', { ...descriptor, value: number });
  try {
    return action();
  } finally {
    Object.defineProperty(process.versions, 'modules', descriptor);
  }
};

const copyOf = (filename, number) => withNumber(number, () => {
  const directory = path.dirname(filename) + path.sep;
  const isOfIt = (name) => name.startsWith(directory);
  const before = Object.entries(Module._cache).filter(([name]) => isOfIt(name));
  for (const [name] of before) delete Module._cache[name];
  copying = true;
  try {
    return Module._load(filename, null, false);
  } finally {
    copying = false;
    Object.keys(Module._cache).filter(isOfIt).forEach((name) => delete Module._cache[name]);
    for (const [name, module] of before) Module._cache[name] = module;
  }
});

const wrapped = (filename, original) => {
  const copies = {};
  const resolve = (directory) => {
    try {
      return original.path(directory);
    } catch (error) {
      return firstOf((number) => {
        copies[number] ??= copyOf(filename, number);
        return copies[number].path(directory);
      }, error);
    }
  };
  const require = Module.createRequire(filename);
  const build = (directory) => require(resolve(directory));
  return Object.assign(build, original, { path: resolve, resolve });
};

Module.prototype.load = function (filename) {
  const result = load.call(this, filename);
  if (!copying && selector.test(filename) && typeof this.exports?.path === 'function')
    this.exports = wrapped(filename, this.exports);
  return result;
};
