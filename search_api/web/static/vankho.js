// What the pages do beside htmx: the key / goes to the search box, and what has come is said to those who do not see it.
"use strict";

document.addEventListener("keydown", (event) => {
  const box = document.getElementById("q");
  if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || !box) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  box.focus();
  box.select();
});

document.addEventListener("htmx:afterSettle", () => {
  const news = document.querySelector("[data-said]");
  if (news) document.getElementById("said").textContent = news.textContent;
  if (document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });
});
