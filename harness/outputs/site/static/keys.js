// Keys of every page: ? shows them, / goes to the filter, g and a letter go to a page. A page adds
// its own with esv.keys.push(["key", "what it does"]).
(function () {
  "use strict";
  var PAGES = {
    o: "index.html", r: "regressions.html", e: "escapes.html", p: "compare.html", c: "correlation.html",
    s: "status.html", h: "help.html",
  };
  var pending = 0;
  var dialog = null, before = null;
  esv.keys = [];

  function links() {
    var found = {};
    document.querySelectorAll("header nav[aria-label=Site] a").forEach(function (link) {
      Object.keys(PAGES).forEach(function (key) {
        if (new URL(link.href).pathname.endsWith("/" + PAGES[key])) found[key] = link;
      });
    });
    return found;
  }

  function row(key, text) {
    var made = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
    var kbd = document.createElement("kbd");
    kbd.textContent = key;
    dt.append(kbd);
    dd.textContent = text;
    made.append(dt, dd);
    return made;
  }

  function show() {
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.className = "keys";
      dialog.setAttribute("aria-labelledby", "keystitle");
      var title = document.createElement("h2"), list = document.createElement("dl"), close = document.createElement("button");
      title.id = "keystitle";
      title.textContent = "Keys";
      list.append(row("?", "these keys"), row("/", "filter"));
      var pages = links();
      Object.keys(pages).forEach(function (key) { list.append(row("g " + key, pages[key].textContent)); });
      esv.keys.forEach(function (pair) { list.append(row(pair[0], pair[1])); });
      close.type = "button";
      close.textContent = "Close (Esc)";
      close.addEventListener("click", function () { dialog.close(); });
      dialog.append(title, list, close);
      dialog.addEventListener("close", function () { if (before) before.focus(); });
      document.body.append(dialog);
    }
    if (dialog.open) return;
    before = document.activeElement;
    dialog.showModal();
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    var target = event.target;
    if (target.closest && target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
    if (event.key === "?") {
      event.preventDefault();
      show();
    } else if (event.key === "/") {
      var box = document.querySelector("input[type=search]");
      if (!box) return;
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "g") {
      pending = Date.now();
    } else if (pending && Date.now() - pending < 1500 && links()[event.key]) {
      event.preventDefault();
      links()[event.key].click();
    } else if (event.key !== "Shift") pending = 0;
  });
})();
