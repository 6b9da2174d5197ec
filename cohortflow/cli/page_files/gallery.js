const state = { cards: [], shown: [], current: null, pinned: null, made: new Map() };
const CHOICES = ["stage", "language", "case", "view"];

// ---- a card: its words at once, its four views when it comes into sight

function made(card) {
  if (!state.made.has(card.id)) state.made.set(card.id, draw(card));
  return state.made.get(card.id);
}

function attached(file) {
  const named = [element("span", {}, "Attached: "), element("b", {}, file.name), element("span", {}, ` · ${file.about}`)];
  if (file.text) return element("details", { class: "attached" }, element("summary", {}, ...named), element("pre", {}, file.text));
  const save = file.content ? [" ", element("a", { href: file.content, download: file.name }, "save it")] : [];
  return element("p", { class: "attached" }, ...named, ...save);
}

function draw(card) {
  const chips = [element("span", { class: "chip stage" }, state.stages[card.stage] || card.stage),
    ...[card.language, card.about, card.role].map((word) => element("span", { class: "chip" }, word))];
  const article = element("article", { class: `card s-${card.stage}`, id: card.id, lang: "en" },
    element("h2", {}, element("a", { href: `#${card.id}` }, card.name)), element("div", {}, ...chips));
  if (card.problem) article.append(element("p", { class: "problem" }, card.problem));
  else article.append(element("p", { class: "subject" }, element("span", {}, "Subject: "), element("b", { lang: card.language }, card.subject)),
    ...card.files.map(attached), element("div", { class: "views" }));
  return article;
}

function figure(kind, caption, ...inside) {
  return element("figure", { class: kind }, element("figcaption", {}, caption), ...inside);
}

function fill(card) {
  const views = made(card).querySelector(".views"), view = $("view").value;
  if (!views || views.dataset.view === view) return;
  views.dataset.view = view;
  made(card).classList.toggle("one", Boolean(view));
  const title = (kind) => `${card.name}, ${card.language}: ${kind}`;
  const figures = {
    wide: () => figure("wide", "As a mail", framed(inLight(card.html), title("as a mail"), keys)),
    text: () => figure("text", "Plain text", element("pre", { lang: card.language, tabindex: "0" }, card.text)),
    phone: () => figure("phone", "On a phone", framed(inLight(card.html), title("on a phone"), keys)),
    dark: () => figure("dark", "In the dark", framed(inDark(card.html), title("in the dark"), keys)),
  };
  if (view) views.replaceChildren(figures[view]());
  else views.replaceChildren(element("div", {}, figures.wide(), figures.text()), element("div", {}, figures.phone(), figures.dark()));
}

const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) if (isIntersecting) fill(state.byId.get(target.id));
}, { rootMargin: "900px 0px" });

// ---- what is shown

function fits(card) {
  return ["stage", "language", "case"].every((name) => !$(name).value || card[name] === $(name).value);
}

function draws() {
  unpin();
  const terms = folded($("search").value.trim()).split(/\s+/).filter(Boolean);
  state.shown = state.cards.filter((card) => fits(card) && terms.every((term) => words(card).includes(term)));
  near.disconnect();
  $("cards").replaceChildren(...state.shown.map(made));
  if (!state.shown.length) $("cards").append(element("p", { class: "none" }, "No mail fits all of this."));
  $("found").textContent = `${counted(state.shown.length, "mail", "mails")} shown`;
  contents();
  for (const card of state.shown) {
    if (made(card).querySelector("[data-view]")?.dataset.view !== $("view").value) made(card).querySelector("[data-view]")?.removeAttribute("data-view");
    near.observe(made(card));
  }
}

function words(card) {
  card.words ??= folded([card.name, card.send, card.language, card.about, card.role, card.subject, card.text, card.problem].join("\n"));
  return card.words;
}

function contents() {
  const links = [];
  let stage = "", send = "";
  for (const card of state.shown) {
    if (card.stage !== stage) links.push(element("h2", { class: `s-${card.stage}` }, state.stages[card.stage] || card.stage));
    if (card.stage !== stage || card.send !== send) links.push(element("a", { href: `#${card.id}`, "data-send": `${card.stage}/${card.send}` }, card.name));
    ({ stage, send } = card);
  }
  const key = (sign, told) => [element("kbd", {}, sign), ` ${told} `];
  $("links").replaceChildren(...links, element("p", { class: "keys" }, ...key("/", "find"), ...key("j", ""), ...key("k", "next, previous"), element("br"),
    ...key("l", "language"), ...key("r", "reader"), ...key("v", "view"), ...key("Esc", "all")));
}

// ---- going to a card

function go(card) {
  state.current = card;
  fill(card);
  const at = made(card);
  at.scrollIntoView({ behavior: "instant" });
  document.querySelectorAll("#contents a").forEach((link) => link.toggleAttribute("aria-current", link.dataset.send === `${card.stage}/${card.send}`));
  state.pinned = at;
}

// Cards above grow when they are drawn; until the reader scrolls, the one that was asked for stays where it is.
const grown = new ResizeObserver(() => state.pinned?.scrollIntoView({ behavior: "instant" }));
const unpin = () => { state.pinned = null; };

function follow() {
  const card = state.byId.get(decodeURIComponent(location.hash.slice(1)));
  if (!card) return;
  if (!state.shown.includes(card)) {
    $("search").value = "";
    for (const name of ["language", "case"]) $(name).value = card[name];
    $("stage").value = "";
    draws();
  }
  go(card);
}

function step(by) {
  const at = state.shown.indexOf(state.current);
  const card = state.shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), state.shown.length - 1)];
  if (!card) return;
  history.replaceState(null, "", `#${card.id}`);
  go(card);
}

function turn(name) {
  const select = $(name), kept = state.current;
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  draws();
  const same = state.shown.find((card) => kept && card.stage === kept.stage && card.send === kept.send);
  if (same) go(same);
}

function clear() {
  $("search").value = "";
  draws();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input, select");
  if (["PageUp", "PageDown", "ArrowUp", "ArrowDown", "Home", "End", " "].includes(event.key)) unpin();
  if (event.key === "Escape") {
    if (typing) typing.blur();
    clear();
  } else if (typing) {
    if (event.key !== "Enter" || typing.tagName !== "INPUT") return;
    typing.blur();
    if (state.shown[0]) go(state.shown[0]);
  } else if (event.key === "/") $("search").focus();
  else if (["j", "ArrowRight"].includes(event.key)) step(1);
  else if (["k", "ArrowLeft"].includes(event.key)) step(-1);
  else if (event.key === "l") turn("language");
  else if (event.key === "r") turn("case");
  else if (event.key === "v") turn("view");
  else return;
  event.preventDefault();
}

async function printAll() {
  state.shown.forEach(fill);
  unpin();
  document.body.classList.add("prints");
  const frames = state.shown.flatMap((card) => [...made(card).querySelectorAll("iframe")]);
  await loaded(frames);
  await shrink(frames, () => ($("view").value ? 1 : 0.5));
  document.body.dataset.printable = String(frames.length);
  print();
}

function unprint() {
  document.body.classList.remove("prints");
  grow([...document.querySelectorAll("iframe")]);
}

function listen() {
  let waiting;
  $("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(draws, 120); });
  for (const name of CHOICES) $(name).addEventListener("change", draws);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("print").addEventListener("click", printAll);
  addEventListener("afterprint", unprint);
  for (const name of ["wheel", "touchmove", "pointerdown"]) addEventListener(name, unpin, { passive: true });
  grown.observe($("cards"));
  new ResizeObserver(([{ target }]) => document.documentElement.style.setProperty("--bar", `${target.offsetHeight}px`)).observe($("filters"));
  document.addEventListener("keydown", keys);
  addEventListener("hashchange", follow);
}

unpacked().then((gallery) => {
  state.cards = gallery.cards;
  state.stages = gallery.stages;
  state.byId = new Map(gallery.cards.map((card) => [card.id, card]));
  const mails = new Set(gallery.cards.map((card) => `${card.stage}/${card.send}`)).size, odd = gallery.cards.filter((card) => card.problem).length;
  const told = odd ? `; ${counted(odd, "of them could not be written", "of them could not be written")}` : "";
  $("summary").textContent = `${counted(mails, "message", "messages")}, ${counted(gallery.cards.length, "mail", "mails")} in all languages and for all readers${told}.`;
  listen();
  draws();
  follow();
  document.body.dataset.ready = "true";
}, (error) => { $("summary").textContent = `The gallery could not be unpacked (${error}). A current browser is needed.`; });
