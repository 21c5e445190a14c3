// Finds a nonce so that SHA-256(seed, nonce as eight bytes, big endian) begins with so many zero bits
// (FIPS 180-4). A worker: the page stays awake meanwhile. The message is one block of which only the nonce
// changes, which is why this does not ask the browser for each hash.
"use strict";

const PIECE = 32768;

function fractions(root) {
  const words = [];
  for (let candidate = 2; words.length < 64; candidate++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) prime &&= candidate % divisor !== 0;
    if (prime) words.push(((candidate ** root % 1) * 2 ** 32) | 0);
  }
  return Int32Array.from(words);
}

const K = fractions(1 / 3);
const START = fractions(1 / 2).slice(0, 8);
const schedule = new Int32Array(64);

/** The first 32 bits of the hash of the block whose 16 words are in the schedule. */
function firstWord() {
  const w = schedule;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  return (a + START[0]) | 0;
}

self.onmessage = ({ data: { seed, bits } }) => {
  const words = seed.match(/.{8}/g).map((word) => Number.parseInt(word, 16) | 0);
  for (let nonce = 0; ; nonce++) {
    schedule.set(words);
    schedule.fill(0, 8, 16);
    schedule[8] = Math.floor(nonce / 2 ** 32);
    schedule[9] = nonce | 0;
    schedule[10] = 0x80000000 | 0;
    schedule[15] = 40 * 8;
    if (Math.clz32(firstWord()) >= bits) {
      self.postMessage({ nonce });
      return;
    }
    if (nonce % PIECE === PIECE - 1) self.postMessage({ tried: nonce + 1 });
  }
};
