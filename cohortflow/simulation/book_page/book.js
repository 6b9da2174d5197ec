const STAGES = { recruit: "Recruit", match: "Match", orient: "Orient", check_in: "Check in", evaluate: "Evaluate", close: "Close", program: "Program" };
const longDay = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const state = { letters: [], files: [], byId: new Map(), view: "day", shown: [], current: null, words: null, part: "mail", blobs: [] };

const colour = (stage) => `s-${stage in STAGES ? stage : "program"}`;
const stageName = (stage) => STAGES[stage] || stage;
const dayOf = (day, format = longDay) => format.format(new Date(`${day}T00:00Z`));

async function unpack() {
  const book = await unpacked();
  state.letters = book.letters;
  state.files = book.files;
  book.letters.forEach((letter) => state.byId.set(letter.id, letter));
}

// ---- the list

const VIEWS = {
  day: { key: (letter) => letter.day, label: (letter) => dayOf(letter.day), open: true },
  person: { key: (letter) => letter.person, label: (letter) => letter.to || letter.person, open: false },
  stage: { key: (letter) => letter.stage, label: (letter) => stageName(letter.stage), open: false },
};
const ORDER = {
  day: (a, b) => (a.key < b.key ? -1 : 1),
  person: (a, b) => folded(a.label).localeCompare(folded(b.label), "en") || (a.key < b.key ? -1 : 1),
  stage: (a, b) => Object.keys(STAGES).indexOf(a.key) - Object.keys(STAGES).indexOf(b.key),
};

function grouped(letters) {
  const view = VIEWS[state.view], groups = new Map();
  for (const letter of letters) {
    const key = view.key(letter);
    if (!groups.has(key)) groups.set(key, { key, label: view.label(letter), letters: [] });
    groups.get(key).letters.push(letter);
  }
  return [...groups.values()].sort(ORDER[state.view]);
}

function row(letter) {
  const line = state.view === "person" ? dayOf(letter.day, shortDay) : (letter.time.match(/\d\d:\d\d/) || [""])[0];
  const sent = ["accepted", "delivered"].includes(letter.state);
  const first = state.view === "person" ? letter.subject : letter.to || letter.person;
  const second = state.view === "person" ? `${stageName(letter.stage)} · ${letter.template.replaceAll("_", " ")}` : letter.subject;
  const name = element("b", {}, first, sent ? null : element("em", {}, ` · ${letter.state}`));
  return element("a", { class: `row ${colour(letter.stage)}`, href: `#${encodeURIComponent(letter.id)}`, "data-id": letter.id,
    "aria-current": letter === state.current ? "true" : null },
    element("i", { title: stageName(letter.stage) }), element("time", {}, line), name, element("span", {}, second));
}

// A day with 380 invitations shows a few of them; the others wait behind one line.
function clustered(letters) {
  const clusters = new Map();
  for (const letter of letters) clusters.set(letter.template, [...(clusters.get(letter.template) || []), letter]);
  return [...clusters.values()];
}

function fill(details, group, all = false) {
  if (details.childElementCount > 1 && !(all && details.querySelector(".more"))) return;
  const fold = state.view === "day" && !state.sought && !all;
  const lines = group.clusters.flatMap((letters) => (fold && letters.length > 8 ? [...letters.slice(0, 3).map(row), more(letters)] : letters.map(row)));
  details.replaceChildren(details.firstElementChild, ...lines);
}

function more(letters) {
  const button = element("button", { type: "button", class: `row more ${colour(letters[0].stage)}` }, element("i"), element("span", {},
    `and ${number.format(letters.length - 3)} more like these (${letters[0].template.replaceAll("_", " ")})`));
  button.addEventListener("click", () => button.replaceWith(...letters.slice(3).map(row)));
  return button;
}

function drawList() {
  const sought = $("search").value.trim(), letters = sought ? find(sought) : state.letters;
  const groups = grouped(letters), list = $("list");
  state.sought = sought;
  $("print").textContent = sought ? "Print these" : "Print";
  for (const group of groups) group.clusters = state.view === "day" ? clustered(group.letters) : [group.letters];
  state.shown = groups.flatMap((group) => group.clusters.flat());
  state.place = new Map(groups.flatMap((group, index) => group.letters.map((letter) => [letter.id, index])));
  $("found").textContent = sought ? `${counted(letters.length, "mail", "mails")} found` : "";
  const open = VIEWS[state.view].open || (sought && letters.length <= 400) || groups.length === 1;
  list.replaceChildren(...groups.map((group) => drawGroup(group, open)));
  if (!groups.length) list.append(element("p", { class: "none" }, "No mail holds all of these words."));
  state.groups = groups;
}

function drawGroup(group, open) {
  const role = state.view === "person" ? `${group.letters[0].role} · ` : "";
  const details = element("details", { open: open ? "" : null },
    element("summary", {}, group.label, element("small", {}, role + number.format(group.letters.length))));
  if (open) fill(details, group);
  details.addEventListener("toggle", () => details.open && fill(details, group));
  return details;
}

// The words of a mail are folded when somebody first searches: opening the book stays instant.
function find(sought) {
  state.words ??= state.letters.map((letter) =>
    folded([letter.to, letter.person, letter.role, letter.subject, letter.template, letter.occasion, letter.day, letter.time, letter.state, letter.text].join("\n")));
  const terms = folded(sought).split(/\s+/);
  return state.letters.filter((_, index) => terms.every((term) => state.words[index].includes(term)));
}

function reveal(letter) {
  const index = state.place.get(letter.id);
  document.querySelectorAll(".row[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  if (index === undefined) return;
  const details = $("list").children[index];
  details.open = true;
  fill(details, state.groups[index]);
  const find = () => details.querySelector(`[data-id="${CSS.escape(letter.id)}"]`);
  if (!find()) fill(details, state.groups[index], true);
  const line = find();
  line.setAttribute("aria-current", "true");
  line.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const at = state.shown.indexOf(state.current);
  const next = state.shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), state.shown.length - 1)];
  if (next) go(next, true);
}

// ---- the mail

function open(letter) {
  state.current = letter;
  state.blobs.splice(0).forEach((address) => URL.revokeObjectURL(address));
  const text = element("button", { type: "button", role: "tab", "data-part": "text" }, "Plain text");
  const mail = element("button", { type: "button", role: "tab", "data-part": "mail" }, "As mail");
  const bar = element("div", { class: "bar", role: "tablist" }, mail, text,
    element("button", { type: "button", class: "quiet", "data-step": "-1", title: "k" }, "← Previous"),
    element("button", { type: "button", class: "quiet", "data-step": "1", title: "j" }, "Next →"));
  $("reading").replaceChildren(element("article", {},
    element("a", { class: "back", href: "#" }, "← All mails"),
    element("h2", {}, letter.subject), facts(letter), attachments(letter), bar, element("div", { id: "part" })));
  showPart(state.part);
  $("reading").scrollTop = 0;
  document.body.classList.add("reads");
  reveal(letter);
}

function facts(letter) {
  const rows = [
    ["To", `${letter.to || letter.person}${letter.role ? `, ${letter.role}` : ""}`],
    ["Sent", `${dayOf(letter.day)}, ${letter.time}`],
    ["", [element("span", { class: `chip stage ${colour(letter.stage)}` }, stageName(letter.stage)),
      ...[letter.occasion, letter.template, letter.language, letter.state].filter(Boolean).map((word) => element("span", { class: "chip" }, word))]],
  ];
  return element("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, ...[value].flat())]));
}

function attachments(letter) {
  if (!letter.files.length) return null;
  return element("ul", { class: "files", "aria-label": "Attachments" }, ...letter.files.map((index) => {
    const file = state.files[index], bytes = bytesOf(file.content);
    const address = URL.createObjectURL(new Blob([bytes], { type: file.type }));
    state.blobs.push(address);
    const size = bytes.length < 1024 ? `${bytes.length} B` : `${number.format(Math.round(bytes.length / 1024))} KB`;
    return element("li", {}, element("a", { href: address, download: file.name }, file.name, " ", element("small", {}, size)));
  }));
}

function showPart(part) {
  state.part = part;
  const letter = state.current;
  document.querySelectorAll("[data-part]").forEach((tab) => tab.setAttribute("aria-selected", String(tab.dataset.part === part)));
  $("part").replaceChildren(part === "text" ? element("pre", {}, letter.text) : framed(letter.html, "The mail as its reader saw it", keys));
}

// ---- on paper

const MOST_ON_PAPER = 400, SHEET = 840;
const framesOf = (place) => [...document.querySelectorAll(`${place} iframe`)];
const toSheet = (height) => Math.max(0.45, SHEET / height);

// One mail a sheet: those that the list shows, so a search or a person comes first.
async function printShown() {
  const letters = state.shown.slice(0, MOST_ON_PAPER);
  const sheets = letters.map((letter) => element("article", {}, element("h2", {}, letter.subject), facts(letter), framed(inLight(letter.html), letter.subject, keys)));
  document.body.classList.add("prints");
  $("paper").replaceChildren(...sheets);
  await loaded(framesOf("#paper"));
  await settled();
  await shrink(framesOf("#paper"), toSheet);
  document.body.dataset.printable = String(sheets.length);
  print();
}

function unprint() {
  $("paper").replaceChildren();
  document.body.classList.remove("prints");
  grow(framesOf("#part"));
}

// ---- the cover

function cover() {
  state.current = null;
  document.body.classList.remove("reads");
  document.querySelectorAll(".row[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  const stages = Object.keys(STAGES).map((stage) => ({ stage, letters: state.letters.filter((letter) => letter.stage === stage) }))
    .filter(({ letters }) => letters.length);
  const most = Math.max(1, ...stages.map(({ letters }) => letters.length));
  $("reading").replaceChildren(element("div", { class: "cover" },
    element("h2", {}, document.title),
    element("p", {}, "Every mail as its reader got it: choose one on the left, or begin with a stage."),
    ...days(), element("ol", {}, ...stages.map((stage) => chapter(stage, most))),
    element("p", { class: "keys" }, element("kbd", {}, "/"), " search   ", element("kbd", {}, "j"), " ", element("kbd", {}, "k"), " or ",
      element("kbd", {}, "↓"), " ", element("kbd", {}, "↑"), " next, previous   ", element("kbd", {}, "t"), " plain text   ", element("kbd", {}, "Esc"), " back to this page")));
}

function chapter({ stage, letters }, most) {
  const bar = element("i");
  bar.style.width = `${(100 * letters.length) / most}%`;
  const span = [...new Set([letters[0], letters.at(-1)].map((letter) => dayOf(letter.day, shortDay)))].join(" to ");
  return element("li", {}, element("a", { href: `#${encodeURIComponent(letters[0].id)}`, class: colour(stage) },
    element("b", {}, stageName(stage)), bar, element("small", {}, `${counted(letters.length, "mail", "mails")}, ${span}`)));
}

// One bar a day, where the day lies in the year; its height is the square root, so that three mails stay visible beside three hundred.
function days() {
  if (!state.letters.length) return [];
  const perDay = new Map(), instant = (day) => Date.parse(`${day}T00:00Z`);
  for (const letter of state.letters) perDay.set(letter.day, [...(perDay.get(letter.day) || []), letter]);
  const sorted = [...perDay].sort(([a], [b]) => (a < b ? -1 : 1)), first = instant(sorted[0][0]), last = instant(sorted.at(-1)[0]);
  const most = Math.max(...sorted.map(([, letters]) => letters.length)), across = (at) => `${(98.5 * (at - first)) / Math.max(last - first, 1)}%`;
  const bars = sorted.map(([day, letters]) => dayBar(day, letters, most, across(instant(day))));
  return [element("div", { class: "days", role: "img", "aria-label": `Mails on ${sorted.length} days` }, ...bars),
    element("div", { class: "months", "aria-hidden": "true" }, ...months(first, last, across))];
}

function dayBar(day, letters, most, left) {
  const bar = element("a", { href: `#${encodeURIComponent(letters[0].id)}`, title: `${dayOf(day)}: ${counted(letters.length, "mail", "mails")}`, tabindex: "-1" });
  bar.style.left = left;
  for (const stage of Object.keys(STAGES)) {
    const share = letters.filter((letter) => letter.stage === stage).length / letters.length;
    if (!share) continue;
    const part = element("i", { class: colour(stage) });
    part.style.height = `${100 * Math.sqrt(letters.length / most) * share}%`;
    bar.append(part);
  }
  return bar;
}

function months(first, last, across) {
  const places = [], start = new Date(first), format = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
  const every = Math.ceil((last - first) / (12 * 31 * 864e5)) || 1;
  for (let month = start.getUTCMonth(), at = first; at <= last; month += every) {
    places.push(at);
    at = Date.UTC(start.getUTCFullYear(), month + every, 1);
  }
  const covered = places.length > 1 && places[1] - first < 0.08 * (last - first); // on a phone, by the next one
  return places.slice(covered ? 1 : 0).map((at) => {
    const label = element("span", {}, format.format(at));
    label.style.left = across(at);
    return label;
  });
}

// ---- what the reader does

function follow() {
  const letter = state.byId.get(decodeURIComponent(location.hash.slice(1)));
  if (letter && letter === state.current) return;
  if (letter) open(letter); else cover();
}

// The event of a changed address comes later; a second key must already meet the new mail.
function go(letter, instead = false) {
  const address = letter ? `#${encodeURIComponent(letter.id)}` : "#";
  if (instead) location.replace(address); else location.hash = address;
  follow();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input");
  if (event.key === "Escape") {
    if (typing && $("search").value) { $("search").value = ""; drawList(); } else if (typing) typing.blur(); else go(null);
  } else if (typing) {
    if (event.key === "Enter" && state.shown[0]) { typing.blur(); go(state.shown[0]); }
    return;
  } else if (event.key === "/") $("search").focus();
  else if (["j", "ArrowRight", "ArrowDown"].includes(event.key)) step(1);
  else if (["k", "ArrowLeft", "ArrowUp"].includes(event.key)) step(-1);
  else if (event.key === "t" && state.current) showPart(state.part === "text" ? "mail" : "text");
  else return;
  event.preventDefault();
}

function listen() {
  let waiting;
  $("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(drawList, 120); });
  $("views").addEventListener("click", (event) => {
    const view = event.target.dataset.view;
    if (!view) return;
    state.view = view;
    document.querySelectorAll("[data-view]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.view === view)));
    drawList();
    if (state.current) reveal(state.current);
  });
  $("reading").addEventListener("click", (event) => {
    const { part, step: by } = event.target.dataset;
    if (part) showPart(part);
    if (by) step(Number(by));
  });
  document.addEventListener("keydown", keys);
  $("print").addEventListener("click", printShown);
  addEventListener("beforeprint", () => shrink(framesOf("#part"), toSheet));
  addEventListener("afterprint", unprint);
  addEventListener("hashchange", follow);
}

unpack().then(() => {
  const people = new Set(state.letters.map((letter) => letter.person)).size;
  $("summary").textContent = `${counted(state.letters.length, "mail", "mails")} to ${counted(people, "person", "people")}`;
  listen();
  drawList();
  follow();
  document.body.dataset.ready = "true";
}, (error) => { $("summary").textContent = `The book could not be unpacked (${error}). A current browser is needed.`; });
