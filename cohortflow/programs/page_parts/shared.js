"use strict";
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const counted = (count, one, many) => `${number.format(count)} ${count === 1 ? one : many}`;
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== false && value != null) made.setAttribute(name, value);
  made.append(...children.filter((child) => child != null));
  return made;
}

async function unpacked() {
  const packed = new Blob([bytesOf($("packed").textContent)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("deflate"))).json();
}

// A browser that prints leaves out what lies behind the words; a button would become white on white.
const ON_PAPER = "<style>html { print-color-adjust: exact; -webkit-print-color-adjust: exact; }</style>";

// No scripts, no forms, no way out: same origin only lets this page measure how tall the mail is.
function framed(html, title, keys) {
  const frame = element("iframe", { sandbox: "allow-same-origin", title, referrerpolicy: "no-referrer" });
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument;
    const fit = () => { frame.style.height = `${Math.ceil(inside.documentElement.getBoundingClientRect().height) + 2}px`; };
    fit();
    new ResizeObserver(fit).observe(inside.documentElement);
    inside.addEventListener("click", (event) => event.target.closest("a") && event.preventDefault());
    inside.addEventListener("keydown", keys);
  });
  frame.srcdoc = html + ON_PAPER;
  return element("div", { class: "frame" }, frame);
}

// A frame cannot be cut into two sheets, and print ignores zoom: it is drawn smaller, in a box of the size it then has.
async function shrink(frames, scaleOf) {
  for (const frame of frames) {
    const scale = Math.min(1, scaleOf(parseFloat(frame.style.height)));
    if (scale === 1) continue;
    frame.style.width = `${100 / scale}%`;
    frame.style.transform = `scale(${scale})`;
    frame.dataset.scale = scale;
    frame.parentElement.classList.add("small");
  }
  const fit = () => frames.forEach(({ style, dataset, parentElement }) => {
    if (dataset.scale) parentElement.style.height = `${parseFloat(style.height) * dataset.scale}px`;
  });
  fit();
  await settled();
  fit();
}

function grow(frames) {
  for (const frame of frames) {
    frame.style.width = frame.style.transform = frame.parentElement.style.height = "";
    delete frame.dataset.scale;
    frame.parentElement.classList.remove("small");
  }
}

// A frame tells its height once it is laid out.
const settled = () => new Promise((done) => setTimeout(done, 200));
const isLoaded = (frame) => frame.contentDocument?.readyState === "complete" && frame.contentDocument.body?.childElementCount;
const loaded = (frames) => Promise.all(frames.filter((frame) => !isLoaded(frame)).map((frame) => new Promise((done) => frame.addEventListener("load", done, { once: true }))));

// A mail's own style asks the system whether it is dark; a page that shows both answers for it.
const inLight = (html) => html.replaceAll("(prefers-color-scheme: dark)", "not all").replace('content="light dark"', 'content="light"');
const inDark = (html) => html.replaceAll("(prefers-color-scheme: dark)", "all").replace('content="light dark"', 'content="dark"');
