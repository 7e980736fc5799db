// SPDX-License-Identifier: MIT
// Typed arrays: a fast Fourier transform there and back, a matrix product, a sieve.
'use strict';

function transform(real, imaginary, inverse) {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const angle = (inverse ? -2 : 2) * Math.PI / size;
    for (let k = 0; k < size / 2; k++) {
      const cosine = Math.cos(angle * k);
      const sine = Math.sin(angle * k);
      for (let at = k; at < n; at += size) {
        const other = at + size / 2;
        const x = real[other] * cosine - imaginary[other] * sine;
        const y = real[other] * sine + imaginary[other] * cosine;
        real[other] = real[at] - x;
        imaginary[other] = imaginary[at] - y;
        real[at] += x;
        imaginary[at] += y;
      }
    }
  }
}

function product(a, b, n) {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k];
      for (let j = 0; j < n; j++) result[i * n + j] += factor * b[k * n + j];
    }
  }
  return result;
}

function primes(limit) {
  const composite = new Uint8Array(limit);
  let count = 0;
  for (let i = 2; i < limit; i++) {
    if (composite[i]) continue;
    count++;
    for (let j = i * 2; j < limit; j += i) composite[j] = 1;
  }
  return count;
}

exports.unit = () => {
  const real = Float64Array.from({ length: 1 << 16 }, (_, i) => (i * 37) % 101);
  const imaginary = new Float64Array(1 << 16);
  transform(real, imaginary, false);
  transform(real, imaginary, true);
  const n = 192;
  const matrix = Float64Array.from({ length: n * n }, (_, i) => i % 7);
  let trace = 0;
  const square = product(matrix, matrix, n);
  for (let i = 0; i < n; i++) trace += square[i * n + i];
  return `${Math.round(real[12345] / (1 << 16))} ${trace} ${primes(2000000)}`;
};
