// SPDX-License-Identifier: MIT
// Hashes, ciphers and signatures over small pieces, so that Node's own part counts.
'use strict';

const crypto = require('crypto');

const piece = Buffer.alloc(256, 'engraft');
const key = Buffer.alloc(32, 1);
const vector = Buffer.alloc(12, 2);

exports.unit = () => {
  let digest = '';
  for (let i = 0; i < 3500; i++) {
    const hash = crypto.createHash('sha256');
    for (let k = 0; k < 6; k++) hash.update(piece);
    digest = hash.update(digest).digest('hex');
    const cipher = crypto.createCipheriv('aes-256-gcm', key, vector);
    const sealed = Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
    digest = crypto.createHmac('sha1', digest).update(sealed).digest('base64');
  }
  const derived = crypto.pbkdf2Sync('password', 'salt', 2000, 32, 'sha256').toString('hex');
  return `${digest} ${derived.slice(0, 16)} ${crypto.randomBytes(40).length} ${
    crypto.timingSafeEqual(key, key)}`;
};
