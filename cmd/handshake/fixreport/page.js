"use strict";
// Filters the page by rule and package. The choice is kept in the address, so
// that it can be passed on. Without this script everything is shown.
const form = document.getElementById("filter");
const shown = document.getElementById("shown");

function wanted() {
  return new URLSearchParams(location.hash.slice(1));
}

function apply() {
  for (const name of ["rule", "package"]) {
    const select = form.elements[name];
    select.value = wanted().get(name) ?? "";
    if (select.selectedIndex < 0) select.value = "";
  }
  const rule = form.elements.rule.value;
  const pkg = form.elements.package.value;
  for (const e of document.querySelectorAll("[data-rules]")) {
    e.hidden = (rule !== "" && !e.dataset.rules.split(" ").includes(rule)) || (pkg !== "" && e.dataset.package !== pkg);
  }
  for (const section of document.querySelectorAll("section:has([data-rules])")) {
    section.hidden = !section.querySelector("[data-rules]:not([hidden])");
  }
  const all = [...document.querySelectorAll("[data-count]")];
  const left = all.filter((e) => !e.hidden).length;
  shown.textContent = left === all.length ? `${all.length} entries` : `${left} of ${all.length} entries`;
}

form.addEventListener("change", () => {
  const hash = new URLSearchParams();
  for (const name of ["rule", "package"]) {
    if (form.elements[name].value !== "") hash.set(name, form.elements[name].value);
  }
  history.replaceState(null, "", "#" + hash);
  apply();
});
form.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", apply);
form.hidden = false;
apply();
