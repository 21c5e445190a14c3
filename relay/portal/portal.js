// The page: one question after the other. What comes from the relay is shown as text, never as markup.

import { LOCATOR, read } from "./key.js";
import { base, look } from "./relay.js";

const at = (id) => document.getElementById(id);
const SECTIONS = ["ask", "confirm", "refused", "download"];
const SYSTEMS = { "linux-x86_64": "Linux", "linux-aarch64": "Linux (ARM)", "windows-x86_64": "Windows", macos: "macOS" };

let texts = {};
let language = "";
let section = "ask";
/** What the note under the field says: a text and its values, or nothing. */
let note = null;
/** Who was found. */
let found = null;
let busy = false;

/** What others wrote, without marks that nobody sees and that could turn what stands beside them around. */
const plain = (written) => String(written).replace(/[\p{Cc}\p{Cf}]/gu, "");

const text = (id, values = {}) => (texts[id] ?? id).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

// Language: the fragment, else the browser's, else English.

const languages = [...document.querySelectorAll("#languages a")].map((link) => link.lang);

function wanted() {
  const named = location.hash.slice(1).split(",").find((word) => languages.includes(word));
  const spoken = (navigator.languages ?? [navigator.language]).map((tag) => tag.toLowerCase().split("-")[0]);
  return named ?? spoken.find((tag) => languages.includes(tag)) ?? "en";
}

async function speak() {
  const next = wanted();
  if (next !== language) {
    const response = await fetch(new URL(`lang/${next}.json`, import.meta.url), { credentials: "omit" });
    if (!response.ok) throw new Error("no texts");
    texts = await response.json();
    language = next;
  }
  document.documentElement.lang = language;
  for (const link of document.querySelectorAll("#languages a")) {
    if (link.lang === language) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  at("languages").setAttribute("aria-label", text("languages"));
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  if (found !== null) describe();
  sayNote();
  title();
}

function title() {
  const heading = at(section).querySelector("h1").textContent;
  document.title = heading === "" ? "Ponte" : `${heading} - Ponte`;
}

function show(next) {
  section = next;
  for (const id of SECTIONS) at(id).hidden = id !== next;
  title();
  scrollTo(0, 0);
  at(next).querySelector("h1").focus();
}

// The first question.

const field = at("symbols");

function say(id, values, wrong = false) {
  note = id === null ? null : { id, values, wrong };
  sayNote();
}

function sayNote() {
  at("note").textContent = note === null ? "" : text(note.id, note.values);
  at("note").classList.toggle("wrong", note?.wrong ?? false);
  field.setAttribute("aria-invalid", String(note?.wrong ?? false));
}

/** What there is to say about what was typed or pasted. */
function judge({ surplus, wrong }) {
  if (wrong !== null) say("ask_wrong", { symbol: wrong }, true);
  else if (surplus) say("ask_surplus");
  else say(null);
}

/** Puts a text where the cursor is, as far as it is the page's business; the rest is gone at once. */
function insert(added) {
  const before = field.value.slice(0, field.selectionStart);
  const all = read(before + added + field.value.slice(field.selectionEnd));
  const cursor = read(before + added).symbols.length;
  field.value = all.symbols;
  field.setSelectionRange(cursor, cursor);
  judge({ surplus: all.surplus, wrong: read(added).wrong });
}

field.addEventListener("beforeinput", (event) => {
  if (event.isComposing || !event.inputType.startsWith("insert") || !event.cancelable) return;
  const added = event.data ?? event.dataTransfer?.getData("text/plain");
  if (added === undefined || added === null) return;
  event.preventDefault();
  insert(added);
});

// Where the event before cannot be stopped: keyboards of telephones, words that are composed.
field.addEventListener("input", (event) => {
  const all = read(field.value);
  if (!event.isComposing || all.surplus || all.wrong !== null) {
    if (field.value !== all.symbols) field.value = all.symbols;
  }
  judge(all);
});

function wait(is) {
  busy = is;
  at("form").setAttribute("aria-busy", String(is));
  at("form").querySelector("button").setAttribute("aria-disabled", String(is));
  field.readOnly = is;
  if (!is) at("work").hidden = true;
}

function progress(part) {
  if (at("work").hidden) {
    at("work").hidden = false;
    say("ask_work");
  }
  at("progress").value = Math.round(part * 100);
}

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  const { symbols } = read(field.value);
  if (symbols.length < LOCATOR) {
    say("ask_missing", { left: LOCATOR - symbols.length }, true);
    field.focus();
    return;
  }
  wait(true);
  say("ask_looking");
  try {
    found = await look(symbols, progress);
    say(found === null ? "ask_not_found" : null, { symbols }, found === null);
  } catch (error) {
    found = null;
    say(`ask_${error.word ?? "fault"}`, {}, true);
  }
  wait(false);
  if (found === null) {
    field.focus();
    field.select();
  } else {
    describe();
    show("confirm");
  }
});

function again() {
  found = null;
  field.value = "";
  say(null);
  show("ask");
}

// Who it is, and the program.

function organisation() {
  const names = found.organisation;
  return plain(names[language] ?? names.en ?? Object.values(names)[0] ?? found.domain);
}

function initials(name) {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => [...word][0].toUpperCase()).join("");
}

function describe() {
  const [name, team, domain] = [found.name, found.team, found.domain].map((written) => (written === null ? null : plain(written)));
  const values = { name, organisation: organisation(), domain };
  at("confirm-title").textContent = text(name === null ? "confirm_title_organisation" : "confirm_title", values);
  at("initials").textContent = initials(name ?? organisation());
  at("card-name").textContent = name ?? organisation();
  at("card-organisation").textContent = name === null ? "" : organisation();
  at("card-team").textContent = team === null ? "" : text("confirm_team", { team });
  at("card-domain").textContent = domain;
  at("who").textContent = text(name === null ? "download_who_organisation" : "download_who", values);
  describeDownloads();
}

/** The visitor's system: one of SYSTEMS, "phone", or null if nobody knows. */
function system() {
  const agent = navigator.userAgent;
  const platform = navigator.userAgentData?.platform || navigator.platform || "";
  if (/android|iphone|ipad|ipod|mobile/i.test(agent) || (/mac/i.test(platform) && navigator.maxTouchPoints > 1)) return "phone";
  if (/win/i.test(platform)) return "windows-x86_64";
  if (/mac/i.test(platform)) return "macos";
  if (/cros/i.test(agent)) return null;
  if (/linux|x11/i.test(platform + agent)) return /aarch64|arm/i.test(platform + agent) ? "linux-aarch64" : "linux-x86_64";
  return null;
}

function size(bytes) {
  const [unit, value] = bytes < 1e6 ? ["kB", bytes / 1e3] : ["MB", bytes / 1e6];
  return `${value.toLocaleString(language, { maximumFractionDigits: 1 })} ${unit}`;
}

function element(name, content, parent) {
  const made = document.createElement(name);
  made.textContent = content;
  parent.append(made);
  return made;
}

/** The small print: what arrives, how large it is, how to check it. */
function print(list, build) {
  list.replaceChildren();
  for (const [word, value] of [["print_file", build.file], ["print_size", size(build.bytes)], ["print_sha256", build.sha256]]) {
    element("dt", text(word), list);
    element("dd", value, list).className = word === "print_sha256" ? "hash" : "";
  }
}

/** Only addresses below the relay's own, so that no answer can lead anywhere else. */
function address(build) {
  const url = new URL(build.href, base());
  return url.href.startsWith(new URL("download/", base()).href) ? url.href : null;
}

function line(list, build, word) {
  const item = element("li", "", list);
  element("a", text(word, { system: SYSTEMS[build.system] }), item).href = address(build);
  const small = element("dl", "", item);
  small.className = "print";
  print(small, build);
}

function describeDownloads() {
  const builds = found.downloads.filter((build) => build.system in SYSTEMS && address(build) !== null);
  const agents = builds.filter((build) => build.program === "agent");
  const consoles = builds.filter((build) => build.program === "console");
  const own = system();
  const mine = agents.find((build) => build.system === own);
  const others = agents.filter((build) => build !== mine);

  at("mine").hidden = mine === undefined;
  at("next").hidden = agents.length === 0;
  if (mine !== undefined) {
    at("mine-link").textContent = text("download_link", { system: SYSTEMS[mine.system] });
    at("mine-link").href = address(mine);
    print(at("mine-print"), mine);
  }
  at("other-device").hidden = own !== "phone";
  at("no-build").hidden = mine !== undefined || own === "phone";
  at("no-build").textContent = agents.length === 0 ? text("download_none") : text("download_not_mine", { system: SYSTEMS[own] ?? text("download_unknown") });

  at("others").hidden = others.length === 0;
  at("others").open = mine === undefined;
  at("others-list").replaceChildren();
  for (const build of others) line(at("others-list"), build, "download_link");

  const shown = mine ?? agents[0];
  if (shown !== undefined) {
    const family = shown.system.split("-")[0];
    at("step-1").textContent = text("step_1", { file: shown.file });
    at("step-2").textContent = text(`step_2_${family}`, { file: shown.file });
    at("step-3").textContent = text("step_3");
  }

  at("operators").hidden = consoles.length === 0;
  at("operators-list").replaceChildren();
  for (const build of consoles) line(at("operators-list"), build, "operators_link");
}

at("yes").addEventListener("click", () => show("download"));
at("no").addEventListener("click", () => show("refused"));
at("not-asked").addEventListener("click", () => show("refused"));
for (const button of document.querySelectorAll(".again")) button.addEventListener("click", again);
addEventListener("hashchange", () => void speak());

// A download that could not be had leads back here.
for (const word of ["busy", "gone"]) {
  if (location.hash.slice(1).split(",").includes(word)) say(`download_${word}`, {}, true);
}

await speak();
at("late").remove();
for (const id of ["page", "languages", "foot"]) at(id).hidden = false;
field.focus();
