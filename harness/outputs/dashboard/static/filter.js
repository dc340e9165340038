// A filter box for long tables. The page is complete without it.
(function () {
  "use strict";
  var table = document.querySelector("table[data-filter]");
  if (!table) return;
  var rows = Array.prototype.slice.call(table.querySelectorAll("tbody tr"));
  if (rows.length < 8) return;

  var label = document.createElement("label");
  label.className = "filter";
  label.textContent = "Filter ";
  var box = document.createElement("input");
  box.type = "search";
  box.autocomplete = "off";
  box.placeholder = "name or package";
  var said = document.createElement("span");
  said.setAttribute("role", "status");
  label.appendChild(box);

  box.addEventListener("input", function () {
    var words = box.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    rows.forEach(function (row) {
      var key = row.getAttribute("data-key") || "";
      row.hidden = !words.every(function (word) { return key.indexOf(word) >= 0; });
      if (!row.hidden) shown += 1;
    });
    said.textContent = words.length ? shown + " of " + rows.length : "";
  });

  var line = document.createElement("p");
  line.className = "filterline";
  line.appendChild(label);
  line.appendChild(said);
  var scroll = table.parentNode;
  scroll.parentNode.insertBefore(line, scroll);
})();
