// Light or dark, as Airflow's page around this one, or as it remembers in this browser; else as the system prefers.
// The page is whole without it.
"use strict";

function aroundUs() {
  try {
    return window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    return null; // another origin's page, which says nothing
  }
}

function theme() {
  const classes = aroundUs()?.classList;
  for (const known of ["dark", "light"]) if (classes?.contains(known)) return known;
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function follow() {
  const found = theme();
  if (found === "dark" || found === "light") document.documentElement.dataset.theme = found;
  else delete document.documentElement.dataset.theme;
}

const around = aroundUs();
if (around) new MutationObserver(follow).observe(around, { attributeFilter: ["class"] });
addEventListener("storage", follow);
follow();
