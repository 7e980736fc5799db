// SPDX-License-Identifier: MIT
// Building, flattening, slicing, comparing and sorting strings.
'use strict';

exports.unit = () => {
  let rope = '';
  for (let i = 0; i < 120000; i++) rope += String.fromCharCode(97 + (i * 7) % 26);
  let code = 0;
  for (let i = 0; i < rope.length; i++) code = (code * 31 + rope.charCodeAt(i)) | 0;
  const words = [];
  for (let i = 0; i + 9 < rope.length; i += 5) words.push(rope.slice(i, i + 4 + (i % 5)));
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) || 0) + 1);
  words.sort();
  const page = words.slice(0, 8000)
    .map((word, i) => `<li id="${i}" class='${word.toUpperCase()}'>${word.padStart(12, '.')}</li>`)
    .join('\n');
  const unicode = Array.from('na\u00efve \u65e5\u672c\u8a9e \u{1f600} '.repeat(2000))
    .reverse().join('');
  return `${code} ${words.length} ${counts.size} ${page.length} ${page.indexOf('id="7999"')} ${
    unicode.length} ${unicode.normalize('NFD').length} ${page.split('li').length}`;
};
