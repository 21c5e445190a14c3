// What the page makes of what is typed, and of answers that a relay could give.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { Relay, Visitor, browser } from "./world.js";

const FOUND = {
  answer: "found",
  name: "Giulia Rinaldi",
  team: "Anagrafe",
  organisation: { it: "Assistenza Comune di Lucca", en: "Lucca City Help Desk" },
  domain: "lucca.example",
  downloads: [],
};
const build = (program, system, more = {}) => ({ program, system, href: `download/lucca.example/${program}-${system}`, file: "Ponte-lucca-example", bytes: 7_654_321, sha256: "ab".repeat(32), ...more });

let chromium;
let relay;
let visitor;

before(async () => {
  [chromium, relay] = await Promise.all([browser(), Relay.start()]);
});
after(async () => {
  await chromium?.close();
  await relay?.end();
});
beforeEach(async () => {
  await visitor?.leave();
  visitor = undefined;
});

async function come(options = {}) {
  visitor = await Visitor.come(chromium, { address: relay.address, ...options });
  return visitor.page;
}

/** Goes on to the question who it is, with this answer to the lookup. */
async function meet(answer, options) {
  const page = await come(options);
  await page.route("**/lookup", (route) => route.fulfill({ json: answer }));
  await visitor.field().pressSequentially("K7M");
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
  return page;
}

async function accept(answer, options) {
  const page = await meet(answer, options);
  await page.locator("#yes").click();
  await visitor.heading("download");
  return page;
}

test("what is typed becomes three symbols, and what is wrong is said at once", async () => {
  const page = await come();
  for (const [typed, symbols, note] of [
    ["k7m", "K7M", ""],
    ["K 7-m", "K7M", ""],
    ["olI", "011", ""],
    ["k–7—m", "K7M", ""],
    ["Ｋ７Ｍ", "K7M", ""],
    ["K7M 4QXP", "K7M", "Bastano i primi tre"],
    ["k7m4", "K7M", "Bastano i primi tre"],
    ["K7U", "K7", "«U» non c’è mai in una chiave"],
    ["è", "", "«è» non c’è mai in una chiave"],
    ["<b>", "B", "«<» non c’è mai in una chiave"],
    ["😀", "", "«😀» non c’è mai in una chiave"],
  ]) {
    for (const way of ["typed", "inserted"]) {
      await visitor.field().fill("");
      if (way === "typed") await page.keyboard.type(typed);
      else await page.keyboard.insertText(typed);
      assert.equal(await visitor.field().inputValue(), symbols, `${typed} ${way}`);
      const said = await page.locator("#note").textContent();
      if (way === "inserted") assert.ok(note === "" ? said === "" : said.startsWith(note), `${typed}: ${said}`);
    }
  }
  // In the middle, too, the cursor stays where the person works.
  await visitor.field().fill("K7");
  await page.keyboard.press("Home");
  await page.keyboard.type("a");
  assert.equal(await visitor.field().inputValue(), "AK7");
  assert.equal(await visitor.field().evaluate((field) => field.selectionStart), 1);
  assert.deepEqual(visitor.faults, []);
});

test("too little is not sent", async () => {
  const page = await come();
  for (const [typed, note] of [["", "ne mancano 3"], ["K7", "ne mancano 1"]]) {
    await visitor.field().fill(typed);
    await page.getByRole("button", { name: "Continua" }).click();
    await visitor.note(note);
  }
  assert.deepEqual(visitor.lookups(), []);
});

test("the operator is named as far as the relay does", async () => {
  const page = await meet(FOUND);
  const card = async (page) => (await page.locator("#confirm .person").innerText()).split(/\n+/);
  assert.deepEqual(await card(page), ["GR", "Giulia Rinaldi", "Assistenza Comune di Lucca", "Gruppo: Anagrafe", "lucca.example"]);
  await visitor.leave();
  const other = await meet({ ...FOUND, name: null, team: null }, { locale: "en-GB" });
  assert.equal(await visitor.heading("confirm"), "Start the session with Lucca City Help Desk?");
  assert.deepEqual(await card(other), ["LD", "Lucca City Help Desk", "lucca.example"]);
});

test("what others wrote stays text and turns nothing around", async () => {
  const page = await meet({ ...FOUND, name: "<img src=x onerror=alert(1)>\u202Ereverof", team: "<script>\u200B" });
  assert.equal(await page.locator("#card-name").textContent(), "<img src=x onerror=alert(1)>reverof");
  assert.equal(await page.locator("#card-team").textContent(), "Gruppo: <script>");
  assert.equal(await page.locator("#confirm img, #confirm script").count(), 0);
  assert.deepEqual(visitor.faults, []);
});

test("no answer leads to another address than the relay's", async () => {
  const hrefs = ["https://evil.example/agent", "//evil.example/agent", "javascript:alert(1)", "../agent", "download/../../agent", "/healthz"];
  const downloads = hrefs.map((href) => build("agent", "linux-x86_64", { href }));
  const page = await accept({ ...FOUND, downloads: [...downloads, build("agent", "windows-x86_64")] });
  const shown = await page.locator("#download a:visible").evaluateAll((links) => links.map((link) => link.href));
  assert.deepEqual(shown, [new URL("download/lucca.example/agent-windows-x86_64", relay.address).href]);
});

test("each visitor is given what fits, and told when nothing does", async () => {
  const phone = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36";
  const linux = build("agent", "linux-x86_64");
  for (const [downloads, userAgent, mine, note] of [
    [[linux], undefined, "Scarica per Linux", null],
    [[], undefined, null, "Qui non c’è ancora un programma"],
    [[build("agent", "windows-x86_64")], undefined, null, "Per il Suo computer (Linux)"],
    [[linux, build("agent", "windows-x86_64")], phone, null, "Sembra che Lei stia usando un telefono"],
    [[linux, build("agent", "vax")], undefined, "Scarica per Linux", null],
  ]) {
    const page = await accept({ ...FOUND, downloads }, userAgent === undefined ? {} : { userAgent });
    const link = page.locator("#mine-link:visible");
    assert.deepEqual(await link.allTextContents(), mine === null ? [] : [mine]);
    const notes = await page.locator("#download .notice:visible").allTextContents();
    assert.equal(notes.length, note === null ? 0 : 1, notes);
    if (note !== null) assert.ok(notes[0].startsWith(note), notes[0]);
    await visitor.leave();
  }
});

test("faults have their words, and the person can try again", async () => {
  const page = await come();
  const answers = [
    [(route) => route.abort(), "Il servizio non risponde"],
    [(route) => route.fulfill({ status: 503, json: { error: "busy" } }), "Il servizio è molto occupato"],
    [(route) => route.fulfill({ status: 403, json: { error: "wrong_origin" } }), "Qualcosa non ha funzionato"],
    [(route) => route.fulfill({ json: { answer: "need_work", bits: 60, seed: "ab".repeat(32) } }), "Qualcosa non ha funzionato"],
    [(route) => route.fulfill({ body: "<html>" }), "Il servizio non risponde"],
  ];
  await visitor.field().fill("K7M");
  for (const [answer, words] of answers) {
    await page.route("**/lookup", answer, { times: 1 });
    await page.getByRole("button", { name: "Continua" }).click();
    await visitor.note(words);
    assert.equal(await page.evaluate(() => document.activeElement.id), "symbols");
  }
});

test("a download that could not be had leads back with words", async () => {
  for (const [word, words] of [["busy", "molte persone stanno scaricando"], ["gone", "è appena stato sostituito"]]) {
    await come({ address: `${relay.address}#${word}` });
    await visitor.note(words);
    await visitor.leave();
  }
});

test("the language is the browser's, can be changed at any moment and is kept in the address only", async () => {
  for (const [locale, expected] of [["it-CH", "it"], ["en-GB", "en"], ["de-DE", "en"]]) {
    const page = await come({ locale });
    assert.equal(await page.evaluate(() => document.documentElement.lang), expected, locale);
    await visitor.leave();
  }
  const page = await meet(FOUND);
  await page.getByRole("link", { name: "English" }).click();
  await page.getByRole("heading", { name: "Start the session with Giulia Rinaldi, Lucca City Help Desk?" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  assert.equal(await page.getByRole("link", { name: "English" }).getAttribute("aria-current"), "true");
  assert.equal(new URL(page.url()).hash, "#en");
  assert.deepEqual(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), ["", 0, 0]);
  assert.ok((await page.title()).startsWith("Start the session"));
  await page.reload();
  await page.getByRole("heading", { name: "Type the beginning of the key" }).waitFor();
  assert.deepEqual(visitor.faults, []);
});

test("the page can be on another web server and asks the relay that it was told of", async () => {
  const folder = new URL("../../../relay/portal/", import.meta.url);
  visitor = await Visitor.come(chromium, {});
  const { page } = visitor;
  await page.route("https://help.example/**", (route) => {
    const name = new URL(route.request().url()).pathname.replace("/assist/", "") || "index.html";
    if (name.startsWith("fonts/")) return route.fulfill({ status: 404 });
    const types = { js: "text/javascript", css: "text/css", json: "application/json", svg: "image/svg+xml", html: "text/html" };
    const text = readFileSync(new URL(name, folder), "utf8").replace('name="ponte-relay" content=""', `name="ponte-relay" content="${relay.address}"`);
    return route.fulfill({ body: text, contentType: types[name.split(".").at(-1)] });
  });
  const answer = { ...FOUND, downloads: [build("agent", "linux-x86_64")] };
  await page.route("**/lookup", (route) => route.fulfill({ json: answer, headers: { "access-control-allow-origin": "https://help.example" } }));
  await visitor.open("https://help.example/assist/");
  await visitor.field().pressSequentially("K7M");
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
  assert.deepEqual(visitor.lookups().filter(({ method }) => method === "POST").map(({ url }) => url), [`${relay.address}lookup`]);
  await page.locator("#yes").click();
  assert.equal(await page.locator("#mine-link").getAttribute("href"), `${relay.address}download/lucca.example/agent-linux-x86_64`);
});
