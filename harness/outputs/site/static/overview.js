// The table of benchmarks: filter by name, package, unit and steps, sort by any column; what is chosen
// is in the address. The page is complete without it.
(function () {
  "use strict";
  var table = document.querySelector("table[data-list]");
  if (!table) return;
  var body = table.tBodies[0];
  var heads = Array.from(table.querySelectorAll("th[data-sort]"));
  var units = heads.filter(function (th) { return th.hasAttribute("data-unit"); });
  var rows = Array.from(body.rows).map(function (row, place) {
    return {
      row: row, place: place, key: row.getAttribute("data-key"), pkg: row.getAttribute("data-package"),
      values: row.getAttribute("data-values").split(",").map(function (v) { return v === "" ? null : Number(v); }),
      steps: row.getAttribute("data-steps").split(" ").map(function (s) { return s.split(".").map(Number); }),
      unit: "", cell: row.querySelector(".stepscell"),
    };
  });
  var AT_ONCE = 60; // as the style sheet has it
  var chosen = { q: "", package: "", unit: "", steps: "", sort: "" };
  var count = element("p", { role: "status", "class": "shown" });
  var controls = {};

  function element(tag, attributes, children) {
    var made = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { made.setAttribute(name, attributes[name]); });
    made.append.apply(made, children || []);
    return made;
  }

  function select(name, label, options) {
    var box = element("select", {}, options.map(function (o) { return element("option", { value: o[0] }, [o[1]]); }));
    controls[name] = box;
    box.addEventListener("change", function () { chosen[name] = box.value; apply(true); });
    return element("label", {}, [label + " ", box]);
  }

  function build() {
    var line = document.querySelector("[data-controls]");
    var box = element("input", { type: "search", autocomplete: "off", placeholder: "name or package", "aria-keyshortcuts": "/" });
    controls.q = box;
    box.addEventListener("input", function () { chosen.q = box.value; apply(true); });
    var packages = Array.from(new Set(rows.map(function (r) { return r.pkg; }))).sort();
    line.append(
      element("label", {}, ["Filter ", box]),
      select("package", "Package", [["", "all"]].concat(packages.map(function (p) { return [p, p]; }))),
      select("unit", "Unit", [["", "all"]].concat(units.map(function (u) { return [u.getAttribute("data-unit"), u.getAttribute("data-unit")]; }))),
      select("steps", "Steps", [["", "any"], ["some", "some"], ["up", "▲ up"], ["down", "▼ down"]]),
      count
    );
    line.hidden = false;
    heads.forEach(function (th) {
      var button = element("button", { type: "button", "class": "sort" }, Array.from(th.childNodes));
      th.append(button);
      button.addEventListener("click", function () {
        var name = th.getAttribute("data-sort");
        var first = name === "name" ? name : "-" + name;
        var second = name === "name" ? "-" + name : name;
        chosen.sort = chosen.sort === first ? second : chosen.sort === second ? "" : first;
        apply(true);
      });
    });
  }

  function order() {
    var name = chosen.sort.replace("-", ""), way = chosen.sort[0] === "-" ? -1 : 1;
    function value(r) {
      if (name === "steps") {
        var s = r.steps[Math.max(unitIndex(), 0)];
        return s[0] + s[1];
      }
      return r.values[Number(name)];
    }
    var sorted = rows.slice();
    if (name === "name") sorted.sort(function (a, b) { return way * (a.key < b.key ? -1 : a.key > b.key ? 1 : a.place - b.place); });
    else if (name) {
      sorted.sort(function (a, b) {
        var x = value(a), y = value(b);
        if (x === null || y === null) return (x === null) - (y === null) || a.place - b.place;
        return way * (x - y) || a.place - b.place;
      });
    }
    return sorted;
  }

  function unitIndex() {
    return units.findIndex(function (u) { return u.getAttribute("data-unit") === chosen.unit; });
  }

  function tags(steps) {
    var made = [];
    if (steps[0]) made.push(element("span", { "class": "tag regression" }, [element("span", { "aria-hidden": "true" }, ["▲"]), " " + steps[0] + " up"]));
    if (steps[1]) made.push(element("span", { "class": "tag improvement" }, [element("span", { "aria-hidden": "true" }, ["▼"]), " " + steps[1] + " down"]));
    return made.length ? made : [element("span", { "class": "muted" }, ["none"])];
  }

  function apply(changed) {
    var words = chosen.q.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
    var unit = unitIndex(), counted = Math.max(unit, 0), shown = 0;
    rows.forEach(function (r) {
      var steps = r.steps[counted];
      var fits = words.every(function (w) { return r.key.indexOf(w) >= 0; })
        && (!chosen.package || r.pkg === chosen.package)
        && (unit < 0 || r.values[unit] !== null)
        && (chosen.steps === "" || (chosen.steps !== "down" && steps[0] > 0) || (chosen.steps !== "up" && steps[1] > 0));
      r.row.hidden = !fits;
      if (fits) shown += 1;
      if (r.unit !== chosen.unit) {
        r.unit = chosen.unit;
        r.cell.replaceChildren.apply(r.cell, tags(steps));
      }
    });
    units.forEach(function (th, i) {
      var extra = th.classList.contains("extra");
      var visible = unit < 0 ? !extra : i === unit;
      if (th.dataset.on === String(visible)) return;
      th.dataset.on = String(visible);
      [th].concat(rows.map(function (r) { return r.row.cells[i + 2]; })).forEach(function (cell) {
        cell.classList.toggle("off", !visible);
        cell.classList.toggle("on", visible);
      });
    });
    heads.forEach(function (th) {
      var name = th.getAttribute("data-sort");
      if (chosen.sort.replace("-", "") === name) th.setAttribute("aria-sort", chosen.sort[0] === "-" ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
    if (order.last !== chosen.sort + counted) {
      body.append.apply(body, order().map(function (r) { return r.row; }));
      order.last = chosen.sort + counted;
    }
    count.textContent = shown === rows.length ? rows.length + " benchmarks" : shown + " of " + rows.length + " benchmarks";
    // What is looked for may be below the first rows, which the style sheet shows alone.
    if (Object.keys(chosen).some(function (name) { return chosen[name]; })) showAll();
    if (changed) esv.setState(chosen);
  }

  function showAll() {
    table.setAttribute("data-all", "");
    if (more) more.remove();
    more = null;
  }

  function restore() {
    var state = esv.state();
    Object.keys(chosen).forEach(function (name) {
      chosen[name] = state.get(name) || "";
      var box = controls[name];
      if (!box) return;
      box.value = chosen[name];
      if (box.value !== chosen[name]) { box.value = ""; chosen[name] = ""; }
    });
    if (chosen.sort && !heads.some(function (th) { return th.getAttribute("data-sort") === chosen.sort.replace("-", ""); })) chosen.sort = "";
    apply(false);
  }

  // As the page comes: in the order of the rows, with the usual units.
  order.last = "0";
  units.forEach(function (th) { th.dataset.on = String(!th.classList.contains("extra")); });
  build();
  var more = null;
  if (rows.length > AT_ONCE) {
    more = element("p", {}, [element("button", { type: "button" }, ["Show all " + rows.length + " benchmarks"])]);
    more.firstChild.addEventListener("click", function () {
      var next = rows[AT_ONCE].row.querySelector("a");
      showAll();
      if (next) next.focus();
    });
    table.parentNode.after(more);
  }
  restore();
  window.addEventListener("hashchange", restore);
  document.documentElement.setAttribute("data-ready", "");
})();
