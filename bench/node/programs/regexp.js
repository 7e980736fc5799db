// SPDX-License-Identifier: MIT
// Regular expressions over text as a log analyser has it.
'use strict';

const lines = [];
for (let i = 0; i < 3000; i++) {
  lines.push(`10.${i % 7}.${i % 251}.${(i * 7) % 253} - user${i % 19} [${10 + (i % 20)}/Nov/2026:` +
    `${10 + (i % 14)}:${10 + (i % 50)}:07 +0000] "${i % 3 ? 'GET' : 'POST'} /path/${i % 97}/` +
    `item-${i}.html?q=${(i * 31) % 1000}&r=a%20b HTTP/1.1" ${i % 11 ? 200 : 404} ${i * 13}`);
}
const text = lines.join('\n');

const entry = new RegExp(
  /^(\d+\.\d+\.\d+\.\d+) - (\w+) \[([^\]]+)\] /.source +
  /"(GET|POST) ([^ ?]+)(?:\?(\S*))? [^"]+" (\d+) (\d+)$/.source, 'gm');

exports.unit = () => {
  let bytes = 0;
  let missing = 0;
  const users = new Set();
  for (let i = 0; i < 8; i++) {
    for (const match of text.matchAll(entry)) {
      bytes += Number(match[8]);
      users.add(match[2]);
      if (match[7] === '404') missing++;
    }
  }
  const replaced = text.replace(/item-(\d+)\.html/g, (all, number) => `i${number % 10}`)
    .replace(/%20/g, ' ').replace(/\b(\w)(\w+)\b(?=\/Nov)/g, '$2$1');
  const words = replaced.split(/[^A-Za-z0-9]+/);
  const named = text.match(/(?<hour>\d\d):(?<minute>\d\d):07/u).groups;
  return `${bytes} ${missing} ${users.size} ${replaced.length} ${words.length} ${named.hour}`;
};
