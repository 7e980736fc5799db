// SPDX-License-Identifier: MIT
// Many small calls into Node's C++: encodings, searching, comparing, copying.
'use strict';

const text = 'The quick brown f\u00f6x jumps over the lazy dog. '.repeat(4);

exports.unit = () => {
  let total = 0;
  for (let i = 0; i < 9000; i++) {
    const bytes = Buffer.from(text, 'utf8');
    bytes.writeUInt32LE(i, 8);
    total += bytes.toString('utf8', 16).length;
    const hex = bytes.toString('hex');
    total += Buffer.from(hex, 'hex').compare(bytes);
    const base = bytes.toString('base64');
    total += Buffer.from(base, 'base64').equals(bytes) ? 1 : 0;
    total += bytes.indexOf('lazy') + bytes.lastIndexOf('quick');
    const copy = Buffer.allocUnsafe(bytes.length * 2).fill(32);
    bytes.copy(copy, 7);
    copy.swap16();
    total += Buffer.concat([copy, bytes]).length + Buffer.byteLength(text);
    total += copy.latin1Slice(0, 40).length + copy.write('ucs2 text', 3, 'utf16le');
  }
  return String(total);
};
