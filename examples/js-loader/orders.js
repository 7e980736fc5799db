// SPDX-License-Identifier: MIT
// A script that knows nothing of its host; `price` and `log` are functions of the host's.
'use strict';
const { createHash } = require('crypto');
const { readFile } = require('fs').promises;

exports.total = function (items, discount) {
    const sum = items.reduce((all, item) => all + price(item.name) * item.count, 0);
    return { sum, paid: sum * (1 - discount), names: items.map((item) => item.name) };
};

exports.each = (items, callback) => items.map((item, index) => callback(item, index));

exports.adder = (left) => (right) => left + right;

exports.digest = async function (bytes) {
    await new Promise((done) => setTimeout(done, 5));
    return createHash('sha256').update(bytes).digest('hex');
};

exports.own = async () => (await readFile(__filename, 'utf8')).split('\n').length;

exports.never = () => new Promise(() => {});

exports.fail = () => { log('about to fail'); throw new RangeError('out of stock'); };

exports.version = process.version;
