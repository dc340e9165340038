// The page of a source file: from escape to escape, and what is shown of each line.
// The page is complete without it.
(function () {
  "use strict";
  var bar = document.getElementById("sourcebar");
  var table = document.getElementById("source");
  if (!bar || !table) return;
  var lines = Array.prototype.slice.call(table.querySelectorAll("tr.heap"));
  var kinds = [["escapes", "Escapes"], ["costs", "Allocations"], ["inlining", "Inlining"]];

  function hidden() {
    var text = new URLSearchParams(location.search).get("hide") || "";
    return text.split(",").filter(function (name) {
      return kinds.some(function (kind) { return kind[0] === name; });
    });
  }

  function show() {
    var off = hidden();
    kinds.forEach(function (kind) {
      table.classList.toggle("no-" + kind[0], off.indexOf(kind[0]) >= 0);
    });
  }

  function setHidden(names) {
    names.sort();
    var query = names.length ? "?hide=" + names.join(",") : "";
    history.replaceState(history.state, "", location.pathname + query + location.hash);
    show();
  }

  // The line that the address names.
  function current() {
    var match = /^#L([0-9]+)$/.exec(location.hash);
    return match ? Number(match[1]) : 0;
  }

  function number(line) { return Number(line.id.slice(1)); }

  function go(step) {
    if (!lines.length) return;
    var at = current(), next = null;
    if (step > 0) {
      next = lines.find(function (line) { return number(line) > at; }) || lines[0];
    } else {
      next = lines.filter(function (line) { return at && number(line) < at; }).pop() ||
        lines[lines.length - 1];
    }
    location.hash = "#" + next.id;
    next.querySelector("th a").focus({ preventScroll: true });
  }

  // How high the lines above are is guessed until they are near the window, so once is not enough.
  function reveal() {
    var line = current() && document.getElementById("L" + current());
    if (!line) return;
    [0, 60, 200].forEach(function (wait) {
      setTimeout(function () { line.scrollIntoView({ block: "center", behavior: "instant" }); }, wait);
    });
  }

  var said = document.createElement("span");
  said.setAttribute("role", "status");
  function say() {
    var at = lines.findIndex(function (line) { return number(line) === current(); });
    said.textContent = at < 0 ? "" : "escape " + (at + 1) + " of " + lines.length;
  }

  function button(text, key, step) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-keyshortcuts", key);
    made.title = "key " + key;
    made.disabled = !lines.length;
    made.addEventListener("click", function () { go(step); });
    return made;
  }

  kinds.forEach(function (kind) {
    var label = document.createElement("label"), box = document.createElement("input");
    box.type = "checkbox";
    box.name = kind[0];
    box.checked = hidden().indexOf(kind[0]) < 0;
    box.addEventListener("change", function () {
      var names = hidden().filter(function (name) { return name !== kind[0]; });
      setHidden(box.checked ? names : names.concat(kind[0]));
    });
    label.appendChild(box);
    label.appendChild(document.createTextNode(" " + kind[1]));
    bar.appendChild(label);
  });
  bar.appendChild(button("↑ Previous escape", "p", -1));
  bar.appendChild(button("↓ Next escape", "n", 1));
  bar.appendChild(said);
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "What is shown");

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") {
      return;
    }
    if (event.key === "n") go(1);
    else if (event.key === "p") go(-1);
    else return;
    event.preventDefault();
  });
  window.addEventListener("hashchange", function () { say(); reveal(); });
  window.esv.keys.push(["n", "next escape"], ["p", "previous escape"]);
  show();
  say();
  reveal();
  document.documentElement.setAttribute("data-ready", "");
})();
