// Asks the relay who waits under a locator, and does the work that it may want for that.

const MOST_BITS = 22;
const PATIENCE_MS = 20000;
const TURNS = 3;

/** Where the relay is: this page's server, or what the page was told. */
export function base() {
  const told = document.querySelector("meta[name=ponte-relay]").content.trim();
  const url = new URL(told === "" ? "." : told, document.baseURI);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** A fault with one of the page's words for it. */
class Fault extends Error {
  constructor(word) {
    super(word);
    this.word = word;
  }
}

async function post(question) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const response = await fetch(new URL("lookup", base()), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(question),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: patience.signal,
    });
    if (response.status === 503) throw new Fault("busy");
    if (!response.ok) throw new Fault("fault");
    return await response.json();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("offline");
  } finally {
    clearTimeout(timer);
  }
}

function solve(seed, bits, progress) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("work.js", import.meta.url));
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    worker.onerror = () => end(reject, new Fault("fault"));
    worker.onmessage = ({ data }) => {
      if (data.nonce !== undefined) return end(resolve, { seed, nonce: data.nonce });
      // How likely it was to be done by now.
      progress(1 - Math.exp(-data.tried / 2 ** bits));
    };
    progress(0);
    worker.postMessage({ seed, bits });
  });
}

/**
 * Who waits under these three symbols: what the relay says, or null if nobody does.
 * Throws an error whose `word` is "offline", "busy" or "fault".
 */
export async function look(locator, progress) {
  let question = { locator };
  for (let turn = 0; turn < TURNS; turn++) {
    const said = await post(question);
    if (said.answer === "found") return said;
    if (said.answer === "not_found") return null;
    const { bits, seed } = said;
    const known = said.answer === "need_work" && Number.isInteger(bits) && bits <= MOST_BITS && /^[0-9a-f]{64}$/.test(seed);
    if (!known) throw new Fault("fault");
    question = { locator, work: await solve(seed, bits, progress) };
  }
  throw new Fault("busy");
}
