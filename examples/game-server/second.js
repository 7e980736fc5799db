// SPDX-License-Identifier: MIT
//
// What the second isolate runs over and over on its own thread: each round has to end with the same
// result. It allocates enough to be collected, and throws and catches.
'use strict';

function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function round() {
  const words = new Map();
  for (let i = 0; i < 2000; i++) {
    const word = `word-${Math.imul(i, 2654435761) >>> 24}`;
    words.set(word, (words.get(word) || 0) + 1);
  }
  let caught = 0;
  try { null.property; } catch (error) { caught = error.message.length; }
  const text = JSON.stringify([...words].sort());
  let hash = caught + fibonacci(15);
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
