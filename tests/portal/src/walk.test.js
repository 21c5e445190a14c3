// Whole walks through the page, against a real relay and an operator who really waits.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Relay, Visitor, browser } from "./world.js";

const AGENT = randomBytes(5_000_011);
let chromium;

before(async () => {
  chromium = await browser();
});
after(() => chromium?.close());

/** A relay and a visitor for one test; whatever the page complained about fails it. */
function walk(name, work, { visitor: options = {}, ...relayOptions } = {}) {
  test(name, async () => {
    const relay = await Relay.start({ downloads: { "agent-linux-x86_64": AGENT }, ...relayOptions });
    try {
      const visitor = await Visitor.come(chromium, { address: relay.address, ...options });
      await work(visitor, relay);
      assert.deepEqual(visitor.faults, [], "the page complains about nothing");
      await visitor.leave();
    } finally {
      await relay.end();
    }
  });
}

const focused = (page) => page.evaluate(() => document.activeElement.closest("section")?.id + " " + document.activeElement.tagName);

/** An operator's key in two parts. */
async function parts(relay) {
  const [locator, secret] = (await relay.key()).split(" ");
  return { locator, secret };
}

walk("a person comes to the program by the keyboard alone", async (visitor, relay) => {
  const { page } = visitor;
  const { locator } = await parts(relay);
  assert.equal(await focused(page), "ask INPUT", "the first question has the cursor");
  await page.keyboard.type(locator.toLowerCase());
  await page.keyboard.press("Enter");
  assert.equal(await visitor.heading("confirm"), "Iniziare la sessione con Giulia Rinaldi, Assistenza Comune di Lucca?");
  assert.equal(await focused(page), "confirm H1", "the question is read out");
  // Nothing is started by one Enter too many.
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "confirm H1");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "no", "the safe answer is first");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await visitor.heading("download"), "Scarichi il programma");
  assert.equal(await focused(page), "download H1");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Scarica per Linux");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(download.suggestedFilename(), "Ponte-lucca-example");
  assert.ok(readFileSync(await download.path()).equals(AGENT), "it arrives whole");
  const print = await page.locator("#mine-print").textContent();
  assert.ok(print.includes(createHash("sha256").update(AGENT).digest("hex")) && print.includes("5 MB"), print);
  assert.ok((await page.locator("#step-1").textContent()).includes("Ponte-lucca-example"));
});

walk("of a whole key that is pasted, three symbols are sent and the others are nowhere", async (visitor, relay) => {
  const { page, context } = visitor;
  const { locator, secret } = await parts(relay);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(() => {
    window.longest = 0;
    addEventListener("input", ({ target }) => (window.longest = Math.max(window.longest, target.value.length)), true);
  });
  await page.evaluate((key) => navigator.clipboard.writeText(key), `${locator} ${secret}`);
  await page.keyboard.press("Control+V");
  await visitor.note("Bastano i primi tre");
  assert.equal(await visitor.field().inputValue(), locator);
  // Nor are they in what can be taken back.
  await page.keyboard.press("Control+Z");
  assert.ok(!(await visitor.field().inputValue()).includes(secret));
  await visitor.field().fill("");
  await page.keyboard.insertText(locator + secret);
  assert.equal(await visitor.field().inputValue(), locator);
  assert.equal(await page.evaluate(() => window.longest), 0, "not even for a moment");
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
  await page.locator("#yes").click();
  await visitor.heading("download");
  const [lookup, ...more] = visitor.lookups();
  assert.deepEqual([JSON.parse(lookup.body), more.length], [{ locator }, 0]);
  for (const { url, body, headers, method } of visitor.requests) {
    for (const text of [url, body, ...Object.values(headers)]) {
      assert.ok(!text.includes(secret) && !text.includes(secret.toLowerCase()), text);
    }
    assert.equal(headers.cookie, undefined);
    assert.equal(headers.referer ?? "", "");
    assert.ok(method === "GET" || url === lookup.url);
    assert.ok(!url.includes(locator), url);
  }
  const kept = await page.evaluate(async () => [document.cookie, localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, location.hash, history.length]);
  assert.deepEqual(kept.slice(0, 5), ["", 0, 0, 0, ""]);
  assert.ok(!(await page.content()).includes(secret));
});

walk("whoever is unsure is told what to do, and nothing is downloaded", async (visitor, relay) => {
  const { page } = visitor;
  const { locator } = await parts(relay);
  await visitor.field().pressSequentially(locator);
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
  await page.getByRole("button", { name: "No, non continuo" }).click();
  assert.equal(await visitor.heading("refused"), "Ha fatto bene a fermarsi");
  assert.equal(await focused(page), "refused H1");
  assert.equal(await page.locator("#refused li").count(), 3);
  await page.locator("#refused .again").click();
  await visitor.heading("ask");
  assert.equal(await visitor.field().inputValue(), "", "it begins anew");
  // The same advice for whoever never asked.
  await page.getByRole("button", { name: "No, non l’ho chiesto io" }).click();
  await visitor.heading("refused");
  assert.ok(!visitor.requests.some(({ url }) => url.includes("/download/")));
});

walk("a key that nobody has, or has no more, is said to be so, and the next one works", async (visitor, relay) => {
  const { page } = visitor;
  const old = await parts(relay);
  const fresh = await parts(relay);
  const unknown = ["000", "ZZZ", "K7M"].find((symbols) => symbols !== old.locator && symbols !== fresh.locator);
  for (const symbols of [unknown, old.locator]) {
    await visitor.field().pressSequentially(symbols);
    const begin = Date.now();
    await page.keyboard.press("Enter");
    await visitor.note(`Con ${symbols} non La aspetta nessuno`);
    assert.ok(Date.now() - begin >= 950, "always a second later");
    assert.equal(await focused(page), "ask INPUT");
    assert.equal(await visitor.field().getAttribute("aria-invalid"), "true");
  }
  // What was wrong is selected, so that typing replaces it.
  await visitor.field().pressSequentially(fresh.locator);
  assert.equal(await visitor.field().getAttribute("aria-invalid"), "false");
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
});

walk("when many ask, the page works for its answer and stays awake", async (visitor, relay) => {
  const { page } = visitor;
  const { locator } = await parts(relay);
  const workers = [];
  page.on("worker", (worker) => workers.push(worker.url()));
  await page.evaluate(async (locator) => {
    const question = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ locator }) };
    for (let number = 0; number < 10; number++) await fetch("lookup", question);
  }, locator);
  await page.evaluate(() => {
    window.notes = [];
    new MutationObserver(() => window.notes.push(document.querySelector("#note").textContent)).observe(document.querySelector("#note"), { childList: true });
  });
  await visitor.field().pressSequentially(locator);
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
  const notes = await page.evaluate(() => window.notes);
  assert.ok(notes.some((note) => note.startsWith("In questo momento ci sono molte richieste")), notes);
  assert.deepEqual(workers, [new URL("work.js", relay.address).href], "beside the page, not in it");
  const [first, second, ...more] = visitor.lookups().slice(10).map(({ body }) => JSON.parse(body));
  assert.deepEqual(first, { locator });
  assert.deepEqual([second.locator, Object.keys(second), Object.keys(second.work), more.length], [locator, ["locator", "work"], ["seed", "nonce"], 0]);
});

walk("operators find their program at the end, and only there", async (visitor, relay) => {
  const { page } = visitor;
  const { locator } = await parts(relay);
  await visitor.field().pressSequentially(locator);
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
  await page.locator("#yes").click();
  await visitor.heading("download");
  assert.equal(await page.getByRole("link", { name: "Console per Linux" }).isVisible(), false);
  await page.getByText("Per gli operatori").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Console per Linux" }).click()]);
  assert.equal(download.suggestedFilename(), "Ponte-console-lucca-example");
  assert.equal(readFileSync(await download.path(), "utf8"), "a console");
  // Of other systems there are only those that have a build.
  await page.getByText("Ha un altro computer?").click();
  assert.deepEqual(await page.locator("#others-list a").allTextContents(), ["Scarica per Windows"]);
}, { downloads: { "agent-linux-x86_64": AGENT, "agent-windows-x86_64.exe": "for windows", "console-linux-x86_64": "a console" } });

walk("without scripts nothing is sent, and the page says what to do", async (visitor, relay) => {
  const { page } = visitor;
  assert.ok(await page.getByRole("heading", { name: "This page needs JavaScript" }).isVisible());
  assert.ok(await page.getByRole("heading", { name: "Questa pagina ha bisogno di JavaScript" }).isVisible());
  assert.equal(await visitor.field().isVisible(), false);
  await page.keyboard.type("K7M");
  await page.keyboard.press("Enter");
  await page.goto(relay.address);
  assert.ok(visitor.requests.every(({ method, url }) => method === "GET" && !url.includes("K7M") && !url.includes("?")));
  assert.equal(await page.locator("form [name]").count(), 0, "a form would have nothing to send");
}, { visitor: { javaScriptEnabled: false } });
