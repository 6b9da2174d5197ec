// The page says everything without this script; it only narrows down and jumps.
const filters = document.querySelector(".filters");

function narrow() {
  const role = $("role").value, site = $("site") ? $("site").value : "", mailsOnly = $("only-mails").checked;
  let shown = 0;
  for (const entry of document.querySelectorAll(".entry")) {
    const fits = (!role || entry.dataset.roles.split(" ").includes(role)) && (!mailsOnly || entry.classList.contains("mail"));
    entry.hidden = !fits;
    if (fits && entry.closest("#calendar")) shown += 1;
  }
  for (const line of document.querySelectorAll("[data-site]")) line.hidden = Boolean(site) && line.dataset.site !== site;
  for (const line of document.querySelectorAll("[data-sites]")) line.hidden = Boolean(site) && !line.dataset.sites.split("|").includes(site);
  for (const week of document.querySelectorAll(".week")) week.hidden = !week.querySelector(".entry:not([hidden])");
  for (const month of document.querySelectorAll(".month")) month.hidden = !month.querySelector(".week:not([hidden])");
  $("found").textContent = role || mailsOnly ? `${shown} of ${document.querySelectorAll("#calendar .entry").length} shown` : "";
}

filters.hidden = false;
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("change", (event) => {
  if (event.target.id !== "month") return narrow();
  if (event.target.value) location.hash = event.target.value;
  event.target.value = "";
});
addEventListener("hashchange", () => {
  const target = $(decodeURIComponent(location.hash.slice(1)));
  if (!target || !target.closest("[hidden]")) return;
  $("role").value = "";
  $("only-mails").checked = false;
  narrow();
  target.scrollIntoView();
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
