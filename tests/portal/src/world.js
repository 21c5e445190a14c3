// A relay, an operator who offers, and a browser: what each test of the page needs.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const PROGRAMS = process.env.PONTE_PROGRAMS ?? new URL("../../../target/debug/", import.meta.url).pathname;
const CHROMIUM = process.env.PONTE_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--ignore-certificate-errors",
];

/** A program whose lines on standard output are read one by one. */
class Program {
  constructor(name, args) {
    this.child = spawn(join(PROGRAMS, name), args, { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, RUST_LOG: "off" } });
    // Whatever ends this process ends it, too.
    process.once("exit", () => this.child.kill("SIGKILL"));
    this.ended = new Promise((resolve, reject) => {
      this.child.once("exit", resolve);
      this.child.once("error", reject);
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.child.spawnfile} ended`);
    return value;
  }

  async end() {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

/** A relay for one test, with programs to download. */
export class Relay {
  static async start({ downloads = {} } = {}) {
    const relay = new Relay();
    relay.folder = mkdtempSync(join(tmpdir(), "ponte-portal-"));
    const shelf = join(relay.folder, "relay", "downloads");
    mkdirSync(shelf, { recursive: true });
    for (const [name, content] of Object.entries(downloads)) writeFileSync(join(shelf, name), content);
    relay.program = new Program("ponte-relay", ["--dev", join(relay.folder, "relay"), "--listen", "127.0.0.1:0"]);
    relay.address = `https://${(await relay.program.line()).split(" ").at(-1)}/`;
    return relay;
  }

  /** The key of an operator who waits; the next call withdraws it and gives another. */
  async key() {
    if (this.console === undefined) this.console = new Program("examples/offer", [this.folder]);
    else this.console.child.stdin.write("\n");
    return await this.console.line();
  }

  async end() {
    await this.console?.end();
    await this.program.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A browser whose person has set letters of so many per cent. */
export function browser(percent = 100) {
  const letters = `--blink-settings=defaultFontSize=${(16 * percent) / 100}`;
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, letters], chromiumSandbox: false });
}

/** A visitor: a page whose every word to the network and every fault is written down. */
export class Visitor {
  static async come(browser, { address, locale = "it-IT", ...options }) {
    const visitor = new Visitor();
    visitor.context = await browser.newContext({ ignoreHTTPSErrors: true, locale, ...options });
    visitor.context.setDefaultTimeout(20_000);
    const page = await visitor.context.newPage();
    Object.assign(visitor, { page, faults: [], requests: [], scripted: options.javaScriptEnabled ?? true });
    page.on("pageerror", (error) => visitor.faults.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) visitor.faults.push(message.text());
    });
    visitor.context.on("request", (request) => {
      visitor.requests.push({ method: request.method(), url: request.url(), body: request.postData() ?? "", headers: request.headers() });
    });
    if (address !== undefined) await visitor.open(address);
    return visitor;
  }

  async open(address) {
    await this.page.goto(address);
    await this.page.locator(this.scripted ? "#page" : "main >> visible=true").first().waitFor({ state: "visible" });
  }

  /** The texts of a section's heading, once it is shown. */
  async heading(section) {
    const heading = this.page.locator(`#${section} h1`);
    await heading.waitFor({ state: "visible" });
    return await heading.textContent();
  }

  field() {
    return this.page.locator("#symbols");
  }

  /** What the page says under the field, once it says something like this. */
  async note(pattern) {
    const note = this.page.locator("#note");
    await note.filter({ hasText: pattern }).waitFor({ state: "visible" });
    return await note.textContent();
  }

  lookups() {
    return this.requests.filter(({ url }) => url.endsWith("/lookup"));
  }

  async leave() {
    await this.context.close();
  }
}
