// A table of very many rows, of which only those in sight are in the document.
//
//   esvList({ host, label, height, columns: [{ name, text, class, sortable }], fill(row, cells) })
//
// `fill` puts the content of a row, by its number, into its cells. `show(rows)` sets which rows are
// there, in their order. Arrow keys, Home, End, PageUp and PageDown go from row to row.
(function () {
  "use strict";

  function element(tag, name, text) {
    var made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function list(options) {
    var rows = [], first = 0, last = 0, height = options.height;
    var box = element("div", "virtual scroll");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", options.label);
    var table = element("table", "list"), head = element("thead"), body = element("tbody");
    var line = element("tr"), above = element("tr", "spacer"), below = element("tr", "spacer");
    options.columns.forEach(function (column) {
      var cell = element("th", column.class || "");
      cell.scope = "col";
      if (column.sortable) {
        var button = element("button", "sort", column.text);
        button.type = "button";
        button.addEventListener("click", function () { options.sort(column.name); });
        cell.appendChild(button);
      } else cell.textContent = column.text;
      cell.dataset.name = column.name;
      line.appendChild(cell);
    });
    [above, below].forEach(function (row) {
      row.appendChild(element("td"));
      row.setAttribute("aria-hidden", "true");
    });
    head.appendChild(line);
    table.appendChild(head);
    table.appendChild(body);
    box.appendChild(table);

    function make(place) {
      var row = element("tr", "row");
      row.setAttribute("aria-rowindex", place + 2);
      row.dataset.place = place;
      var cells = options.columns.map(function (column, number) {
        var cell = element(number ? "td" : "th", column.class || "");
        if (!number) cell.scope = "row";
        row.appendChild(cell);
        return cell;
      });
      options.fill(rows[place], cells);
      return row;
    }

    function draw(force) {
      var room = Math.ceil(window.innerHeight / height);
      var from = Math.max(0, Math.floor(box.scrollTop / height) - 6);
      var to = Math.min(rows.length, from + room + 14);
      if (!force && from === first && to === last) return;
      var active = document.activeElement, kept = -1;
      if (body.contains(active)) kept = Number(active.closest("tr").dataset.place);
      first = from;
      last = to;
      above.firstChild.style.height = from * height + "px";
      below.firstChild.style.height = (rows.length - to) * height + "px";
      var made = document.createDocumentFragment();
      made.appendChild(above);
      for (var place = from; place < to; place += 1) made.appendChild(make(place));
      made.appendChild(below);
      body.replaceChildren(made);
      if (kept >= 0 && !force) focus(kept, true);
    }

    // Larger letters and narrow windows make higher rows.
    function measure() {
      var row = body.querySelector("tr.row");
      if (!row || !row.offsetHeight || row.offsetHeight === height) return;
      height = row.offsetHeight;
      draw(true);
    }

    function focus(place, still) {
      if (place < first || place >= last) {
        if (still) { box.focus({ preventScroll: true }); return; }
        box.scrollTop = Math.max(0, place - 2) * height;
        draw(false);
      }
      var row = body.querySelector('tr[data-place="' + place + '"]');
      var target = row && row.querySelector("button, a");
      if (!target) return;
      target.focus({ preventScroll: true });
      if (still) return;
      var top = place * height, view = box.clientHeight - head.offsetHeight;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top + height > box.scrollTop + view) box.scrollTop = top + height - view;
    }

    var waiting = false;
    box.addEventListener("scroll", function () {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(function () { waiting = false; draw(false); });
    });
    window.addEventListener("resize", function () {
      draw(false);
      measure();
    });
    box.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.altKey || event.metaKey || !rows.length) return;
      if (head.contains(event.target)) return;
      var row = event.target.closest("tr[data-place]");
      var at = row ? Number(row.dataset.place) : -1;
      var page = Math.max(1, Math.floor(box.clientHeight / height) - 2);
      var to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
        Home: 0, End: rows.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      focus(Math.min(rows.length - 1, Math.max(0, to)), false);
    });

    options.host.appendChild(box);
    return {
      box: box,
      show: function (found) {
        rows = found;
        table.setAttribute("aria-rowcount", rows.length + 1);
        box.scrollTop = 0;
        draw(true);
        measure();
      },
      // "name" or "-name": the column that the rows are sorted by, and downwards.
      sorted: function (by) {
        line.querySelectorAll("th").forEach(function (cell) {
          if (cell.dataset.name === by) cell.setAttribute("aria-sort", "ascending");
          else if ("-" + cell.dataset.name === by) cell.setAttribute("aria-sort", "descending");
          else cell.removeAttribute("aria-sort");
        });
      },
      focus: function (place) { focus(place, false); },
    };
  }

  window.esvList = list;
  window.esvElement = element;
})();
