// SPDX-License-Identifier: MIT
'use strict';

const zlib = require('zlib');
const { promisify } = require('util');

const list = Array.from({ length: 60 }, (_, i) => i * i);
const small = Buffer.from(JSON.stringify({ id: 1, list }));
const large = Buffer.from(Array.from({ length: 20000 }, (_, i) => `${i * 7919 % 1009},`).join(''));
const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);

exports.unit = async () => {
  let total = 0;
  for (let i = 0; i < 500; i++)
    total += zlib.inflateSync(zlib.deflateSync(small, { level: 3 })).length;
  for (let i = 0; i < 4; i++) total += (await gunzip(await gzip(large, { level: 2 }))).length;
  total += zlib.brotliDecompressSync(zlib.brotliCompressSync(small, {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } })).length;
  return String(total);
};
