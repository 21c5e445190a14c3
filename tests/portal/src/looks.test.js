// Every screen of the page as people have it: small, with large letters, dark, and by a screen reader.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { Relay, Visitor, browser } from "./world.js";

/** Where pictures are left, if somebody wants to look at them. */
const PICTURES = process.env.PONTE_PICTURES;
const LONG = "Amministrazione Straordinaria dell’Intercomunalità Metropolitana";

let chromium;
let large;
let relay;

before(async () => {
  [chromium, large, relay] = await Promise.all([browser(), browser(200), Relay.start()]);
});
after(async () => {
  await chromium?.close();
  await large?.close();
  await relay?.end();
});

const build = (program, system) => ({ program, system, href: `download/lucca.example/${program}-${system}`, file: "Ponte-lucca-example", bytes: 7_654_321, sha256: "ab".repeat(32) });
const found = (name) => ({
  answer: "found",
  name,
  team: "Anagrafe",
  organisation: { it: name === null ? LONG : "Assistenza Comune di Lucca", en: "Lucca City Help Desk" },
  domain: "lucca.example",
  downloads: [build("agent", "linux-x86_64"), build("agent", "windows-x86_64"), build("console", "linux-x86_64")],
});

/** Goes through all screens and looks at each. */
async function tour(visitor, name, look) {
  const { page } = visitor;
  let answer = { answer: "not_found" };
  await page.route("**/lookup", (route) => route.fulfill({ json: answer }));
  await look("ask");
  await visitor.field().fill("");
  await page.keyboard.insertText("K7M4QXP");
  await look("surplus");
  await page.keyboard.press("Enter");
  await page.locator("#note.wrong").waitFor();
  await look("not-found");
  answer = found(name);
  await page.keyboard.press("Enter");
  await visitor.heading("confirm");
  await look("confirm");
  await page.locator("#yes").click();
  await visitor.heading("download");
  await page.locator("#others summary").click();
  await page.locator("#operators summary").click();
  await look("download");
  await page.locator("#download .again").click();
  await page.locator("#not-asked").click();
  await visitor.heading("refused");
  await look("refused");
}

async function picture(page, ...names) {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(PICTURES, `${names.join("-")}.png`), fullPage: true });
}

/** Visible elements that reach out of the window, and lines that are cut off. */
const tooWide = () =>
  [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && element.getClientRects().length > 0)
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 || (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).display !== "inline" && element.tagName !== "INPUT"))
    .map((element) => `${element.tagName}#${element.id}: ${element.textContent.slice(0, 40)}`);

for (const [width, percent] of [[320, 100], [320, 200], [640, 200], [1280, 100]]) {
  test(`nothing is out of reach at ${width} pixels with letters of ${percent} %`, async () => {
    for (const [locale, name] of [["it-IT", null], ["en-GB", "Giulia Rinaldi"]]) {
      const colorScheme = percent === 100 ? "light" : "dark";
      const visitor = await Visitor.come(percent === 100 ? chromium : large, { address: relay.address, locale, viewport: { width, height: 640 }, colorScheme });
      await visitor.page.evaluate(() => document.fonts.ready);
      await tour(visitor, name, async (screen) => {
        const heading = await visitor.page.locator("h1:visible").evaluate((heading) => [heading, document.body].map((element) => parseFloat(getComputedStyle(element).fontSize)));
        assert.ok(heading[1] === (18 * percent) / 100 && heading[0] >= heading[1], `${heading}`);
        await picture(visitor.page, locale.slice(0, 2), width, percent, screen);
        assert.deepEqual(await visitor.page.evaluate(tooWide), [], `${locale} ${screen}`);
        assert.ok(await visitor.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${locale} ${screen}`);
      });
      await visitor.leave();
    }
  });
}

for (const [colorScheme, locale] of [["light", "it-IT"], ["dark", "en-GB"]]) {
  test(`every screen is in order for those who cannot see or see little (${colorScheme})`, async () => {
    const visitor = await Visitor.come(chromium, { address: relay.address, locale, colorScheme });
    await visitor.page.evaluate(axe.source);
    await tour(visitor, "Giulia Rinaldi", async (screen) => {
      const { violations, passes } = await visitor.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      const faults = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`);
      assert.deepEqual(faults, [], `${locale} ${screen}`);
      assert.ok(passes.some(({ id }) => id === "color-contrast"), "contrast was looked at");
    });
    const background = await visitor.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(background, colorScheme === "dark" ? "rgb(18, 24, 25)" : "rgb(245, 243, 238)");
    assert.deepEqual(visitor.faults, []);
    await visitor.leave();
  });
}

test("a screen reader finds every control by its name, and hears what happens", async () => {
  const visitor = await Visitor.come(chromium, { address: relay.address });
  const trees = {};
  await tour(visitor, "Giulia Rinaldi", async (screen) => {
    trees[screen] = await visitor.page.locator("body").ariaSnapshot();
  });
  const expected = {
    ask: ['navigation "Lingua"', 'link "Italiano"', 'link "English"', 'heading "Scriva l’inizio della chiave" [level=1]', 'textbox "I primi tre caratteri"', 'button "Continua"', 'button "No, non l’ho chiesto io"'],
    surplus: ['status: "Bastano i primi tre'],
    "not-found": ['status: "Con K7M non La aspetta nessuno'],
    confirm: ['heading "Iniziare la sessione con Giulia Rinaldi, Assistenza Comune di Lucca?" [level=1]', 'group "Giulia Rinaldi"', 'button "No, non continuo"', 'button "Sì, inizia"'],
    download: ['link "Scarica per Linux"', 'link "Scarica per Windows"', 'heading "E poi, tre passi" [level=2]', "list", 'link "Console per Linux"'],
    refused: ['heading "Ha fatto bene a fermarsi" [level=1]', 'button "Torna all’inizio"'],
  };
  for (const [screen, controls] of Object.entries(expected)) {
    for (const control of controls) assert.ok(trees[screen].includes(control), `${screen}: ${control} in\n${trees[screen]}`);
    assert.equal(trees[screen].match(/\[level=1\]/g).length, 1, `${screen} has one first heading`);
    // A picture of letters, and what is not on this screen, is not read out.
    assert.ok(!trees[screen].includes("GR"), screen);
  }
  const field = await visitor.page.evaluate(() => {
    const field = document.querySelector("#symbols");
    return field.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).id);
  });
  assert.deepEqual(field, ["rest", "hint", "note"]);
  await visitor.leave();
});
