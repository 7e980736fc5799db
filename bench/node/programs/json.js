// SPDX-License-Identifier: MIT
'use strict';

const records = [];
for (let i = 0; i < 2000; i++) {
  records.push({
    id: i, name: `record ${i}`, price: i * 1.25, tags: ['a', `tag${i % 10}`, '\u00e9\n"quoted"'],
    nested: { yes: i % 2 === 0, nothing: null, list: [i, i + 1, [i + 2, { deep: -i }]] },
  });
}
const text = JSON.stringify(records);

exports.unit = () => {
  let sum = 0;
  let length = 0;
  for (let i = 0; i < 12; i++) {
    const parsed = JSON.parse(text);
    for (const record of parsed) sum += record.nested.list[2][1].deep + record.tags.length;
    parsed[i].name = 'changed';
    length += JSON.stringify(parsed).length;
  }
  const revived = JSON.parse(text.slice(0, text.indexOf('},{"id":100,') + 1) + ']',
                             (key, value) => (key === 'price' ? value * 2 : value));
  return `${sum} ${length} ${revived.length} ${revived[99].price} ${
    JSON.stringify(revived[3], ['id', 'tags'], 1).length}`;
};
