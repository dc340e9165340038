// Two revisions compared, benchmark by benchmark. What is compared is in the address, with full
// hashes: base, head, and the environment of each where it is not that of the page.
(function () {
  "use strict";
  var host = document.getElementById("compare");
  if (!host) return;
  var RANGE = " (range)";
  var element = window.esvElement, stats = window.esvStats, esv = window.esv;

  esv.load("data/revisions.js").then(start, failed);

  function failed(error) {
    host.hidden = false;
    host.appendChild(element("p", "note warning", "Cannot be loaded: " + error.message));
  }

  function start(own) {
    if (!own.revisions.length) return;
    var indexes = new Map([[own.environment, Promise.resolve(own)]]);
    var sides = { base: { env: own.environment }, head: { env: own.environment } };
    var rows = [], shown = [], turn = 0;
    host.hidden = false;

    var bar = element("form", "filters");
    bar.setAttribute("aria-label", "What is compared");
    bar.addEventListener("submit", function (event) { event.preventDefault(); });
    host.appendChild(bar);
    ["base", "head"].forEach(function (name) {
      var side = sides[name];
      if (own.environments.length > 1) {
        side.places = labelled(name === "base" ? "Base in" : "Head in", name + "-in", "select");
        own.environments.forEach(function (e) { side.places.appendChild(new Option(e[1], e[0])); });
        side.places.addEventListener("change", function () {
          side.env = side.places.value;
          fill(name).then(compare, failed);
        });
      }
      side.select = labelled(name === "base" ? "Base" : "Head", name, "select");
      side.select.className = "wide-select";
      side.select.addEventListener("change", function () {
        side.hash = side.select.value;
        compare();
      });
    });
    var swap = element("button", "", "⇄ Swap");
    swap.type = "button";
    swap.addEventListener("click", function () {
      var base = sides.base, head = sides.head, kept = [base.env, base.hash];
      base.env = head.env;
      base.hash = head.hash;
      head.env = kept[0];
      head.hash = kept[1];
      both().then(compare, failed);
    });
    bar.appendChild(swap);

    var warning = element("div", "note warning");
    warning.setAttribute("role", "alert");
    host.appendChild(warning);
    var second = element("form", "filters");
    second.setAttribute("role", "search");
    second.setAttribute("aria-label", "Benchmarks");
    second.addEventListener("submit", function (event) { event.preventDefault(); });
    host.appendChild(second);
    var words = labelled("Filter", "q", "input", second);
    words.type = "search";
    words.autocomplete = "off";
    words.placeholder = "benchmark or package";
    words.addEventListener("input", function () { esv.setState({ q: words.value }); update(); });
    var unit = labelled("Unit", "unit", "select", second);
    unit.addEventListener("change", function () { esv.setState({ unit: unit.value }); update(); });
    var all = labelled("Unchanged, too", "all", "input", second);
    all.type = "checkbox";
    all.addEventListener("change", function () {
      esv.setState({ all: all.checked ? "1" : null });
      update();
    });
    var said = element("p", "muted");
    said.setAttribute("role", "status");
    host.appendChild(said);
    var list = window.esvList({
      host: host,
      label: "Benchmarks compared",
      height: 52,
      columns: [
        { name: "name", text: "Benchmark", sortable: true },
        { name: "values", text: "Base → head", class: "num values" },
        { name: "change", text: "Change", sortable: true, class: "num changecol" },
        { name: "p", text: "p and n", sortable: true, class: "num wideonly short" },
      ],
      sort: function (name) {
        var now = esv.state().get("sort") || "";
        esv.setState({ sort: now === name ? "-" + name : name });
        update();
      },
      fill: row,
    });
    list.box.classList.add("pairs");

    esv.keys.push(["↓ ↑ Home End", "from benchmark to benchmark in the list"]);
    restore();
    window.addEventListener("hashchange", restore);

    function labelled(text, name, tag, form) {
      var label = element("label", "", text + " "), input = document.createElement(tag);
      input.name = name;
      label.appendChild(input);
      (form || bar).appendChild(label);
      return input;
    }

    function restore() {
      var state = esv.state();
      ["base", "head"].forEach(function (name) {
        var env = state.get(name + "-in");
        var known = own.environments.some(function (e) { return e[0] === env; });
        sides[name].env = known ? env : own.environment;
        sides[name].hash = state.get(name) || "";
      });
      words.value = state.get("q") || "";
      all.checked = state.get("all") === "1";
      both().then(compare, failed);
    }

    function both() { return Promise.all([fill("base"), fill("head")]); }

    function index(env) {
      if (!indexes.has(env)) indexes.set(env, esv.load(way(env) + "data/revisions.js"));
      return indexes.get(env);
    }

    function root(env) {
      return own.environments.find(function (e) { return e[0] === env; })[2];
    }

    // From this page to the root of an environment.
    function way(env) { return env === own.environment ? "" : root(env); }

    function fill(name) {
      var side = sides[name];
      return index(side.env).then(function (found) {
        side.index = found;
        side.select.replaceChildren();
        found.revisions.forEach(function (r) {
          side.select.appendChild(new Option(r[3] + " " + r[4] + " (" + r[5] + ")", r[0]));
        });
        var there = found.revisions.find(function (r) {
          return r[0] === side.hash || (side.hash.length > 6 && r[0].indexOf(side.hash) === 0);
        });
        if (there) side.hash = there[0];
        side.missing = side.hash && !there ? side.hash : "";
        if (!there) {
          var newest = name === "base" && sides.base.env === sides.head.env ? 1 : 0;
          side.hash = found.revisions[Math.min(newest, found.revisions.length - 1)][0];
        }
        side.select.value = side.hash;
        if (side.places) side.places.value = side.env;
      });
    }

    function compare() {
      var mine = turn += 1, change = {};
      ["base", "head"].forEach(function (name) {
        change[name] = sides[name].hash;
        change[name + "-in"] = own.environments.length > 1 ? sides[name].env : null;
      });
      esv.setState(change);
      Promise.all(["base", "head"].map(function (name) {
        var side = sides[name];
        var entry = side.index.revisions.find(function (r) { return r[0] === side.hash; });
        side.entry = entry;
        return esv.load(way(side.env) + entry[2]);
      })).then(function (data) {
        if (mine !== turn) return;
        warn(data[0].conditions, data[1].conditions);
        rows = pair(data[0], data[1]);
        units();
        update();
        document.documentElement.setAttribute("data-ready", "");
      }, failed);
      var command = document.getElementById("command");
      if (command && sides.base.env === sides.head.env) {
        command.textContent = "esv compare " + sides.base.hash + " " + sides.head.hash;
      }
    }

    function warn(a, b) {
      warning.replaceChildren();
      ["base", "head"].forEach(function (name) {
        if (!sides[name].missing) return;
        warning.appendChild(element("p", "", "The " + name + " that the address names, " +
          sides[name].missing.slice(0, 12) + ", is not recorded in this environment."));
      });
      var different = a.filter(function (fact, i) { return fact[1] !== b[i][1]; });
      if (!different.length) return;
      warning.appendChild(element("p", "", "! Measured under different conditions. What differs " +
        "below may come from these and not from the code:"));
      var items = element("ul");
      a.forEach(function (fact, i) {
        if (fact[1] === b[i][1]) return;
        items.appendChild(element("li", "", fact[0] + ": " + (fact[1] || "none") + " → " +
          (b[i][1] || "none")));
      });
      warning.appendChild(items);
    }

    function sided(list) {
      var last = list[list.length - 1], cut = Array.isArray(last) ? last : null;
      return { time: list[1] === 1, exact: list[2] === 1, n: list[3], cut: cut,
        samples: list.slice(4, cut ? -1 : undefined) };
    }

    function pair(base, head) {
      var found = new Map();
      [[base, "base"], [head, "head"]].forEach(function (side) {
        side[0].benchmarks.forEach(function (b) {
          b[3].forEach(function (measured) {
            var name = side[0].units[measured[0]], key = b[0] + "\n" + name;
            if (!found.has(key)) {
              found.set(key, { page: b[0], name: b[1], package: b[2], unit: name,
                text: (b[1] + " " + b[2]).normalize("NFKC").toLowerCase() });
            }
            found.get(key)[side[1]] = sided(measured);
          });
        });
      });
      return Array.from(found.values()).map(function (r) {
        r.way = 0;
        r.p = null;
        if (r.base && r.head) {
          var judged = stats.judge(r.base, r.head);
          r.way = judged.way * (/\/s$/.test(r.unit) ? -1 : 1);
          r.p = judged.p;
          r.unsure = judged.unsure;
          r.before = stats.median(r.base.samples);
          r.after = stats.median(r.head.samples);
        }
        return r;
      });
    }

    function units() {
      var names = Array.from(new Set(rows.map(function (r) { return r.unit; })));
      var order = ["allocs/op", "B/op", "sec/op"];
      names.sort(function (a, b) {
        var x = order.indexOf(a), y = order.indexOf(b);
        return (x < 0 ? 9 : x) - (y < 0 ? 9 : y) || (a < b ? -1 : 1);
      });
      rows.sort(function (a, b) {
        return names.indexOf(a.unit) - names.indexOf(b.unit) ||
          (a.package < b.package ? -1 : a.package > b.package ? 1 : a.name < b.name ? -1 : 1);
      });
      unit.replaceChildren();
      [["", "all"]].concat(names.map(function (n) { return [n, n]; })).forEach(function (o) {
        unit.appendChild(new Option(o[1], o[0]));
      });
      unit.value = esv.state().get("unit") || "";
      if (unit.selectedIndex < 0) unit.value = "";
    }

    function update() {
      var parts = words.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
      var counts = { worse: 0, better: 0, same: 0, unsure: 0, one: 0 };
      var chosen = rows.filter(function (r) {
        return (!unit.value || r.unit === unit.value) &&
          parts.every(function (word) { return r.text.indexOf(word) >= 0; });
      });
      chosen.forEach(function (r) {
        if (!r.base || !r.head) counts.one += 1;
        else if (r.unsure) counts.unsure += 1;
        else counts[r.way > 0 ? "worse" : r.way < 0 ? "better" : "same"] += 1;
      });
      shown = chosen.filter(function (r) { return all.checked || r.way || !r.base || !r.head; });
      var by = esv.state().get("sort") || "", sign = by[0] === "-" ? -1 : 1;
      by = by.replace(/^-/, "");
      if (by) {
        shown.sort(function (a, b) {
          var x = key(a, by), y = key(b, by);
          return sign * (x < y ? -1 : x > y ? 1 : 0);
        });
      }
      list.sorted(esv.state().get("sort") || "");
      said.textContent = "▲ " + counts.worse + " worse, ▼ " + counts.better + " better, " +
        counts.same + " without a change, " + (counts.unsure ? counts.unsure +
        " with too few repetitions to tell, " : "") + counts.one + " on one side only" +
        (shown.length ? "" : "; nothing to show");
      // On phones the bands have a line below the values, over the whole width of the row.
      list.box.classList.toggle("banded", shown.some(function (r) { return ranges(r).length; }));
      list.box.classList.toggle("ranged", shown.some(function (r) {
        return ranges(r).some(function (band) { return band.indexOf(RANGE) >= 0; });
      }));
      list.show(shown.map(function (r, i) { return i; }));
    }

    function key(r, by) {
      if (by === "name") return r.name + "\n" + r.package + "\n" + r.unit;
      if (by === "p") return r.p === null ? 2 : r.p;
      if (r.before === undefined) return -Infinity;
      var size = Math.max(Math.abs(r.before), Math.abs(r.after));
      return size ? (r.after - r.before) / size : 0;
    }

    function row(place, cells) {
      var r = shown[place], link = element("a", "bench", r.name);
      var from = r.head ? "head" : "base";
      link.href = way(sides[from].env) + r.page;
      cells[0].appendChild(link);
      cells[0].appendChild(element("span", "place", r.package + ", " + r.unit));
      cells[1].textContent = (r.base ? esv.value(stats.median(r.base.samples), r.unit) : "–") +
        " → " + (r.head ? esv.value(stats.median(r.head.samples), r.unit) : "–");
      var band = element("span", "place");
      ranges(r).forEach(function (text, i) {
        if (i) band.appendChild(document.createTextNode(" → "));
        band.appendChild(element("span", "", text));
      });
      cells[1].appendChild(band);
      if (r.base && r.head) {
        var tone = r.way > 0 ? "regression" : r.way < 0 ? "improvement" : "";
        var text = r.way > 0 ? "▲ " : r.way < 0 ? "▼ " : "";
        cells[2].appendChild(element("span", r.way ? "change " + tone : "", r.way
          ? text + stats.signed(r.after - r.before, r.unit)
          : r.unsure ? "n too small" : "no change"));
        var small = element("span", "place");
        if (r.way) {
          small.appendChild(element("span", r.p === null ? "" : "wideword",
            stats.percent(r.before, r.after)));
        }
        // On phones there is room for one of the two; p has no column there.
        if (r.p !== null) small.appendChild(element("span", "phoneword", probability(r.p)));
        cells[2].appendChild(small);
      } else cells[2].textContent = r.head ? "only in head" : "only in base";
      if (r.p !== null) {
        cells[3].textContent = probability(r.p);
      } else if (r.base && r.head) {
        cells[3].textContent = r.base.exact && r.head.exact ? "exact" : "ranges";
      }
      cells[3].appendChild(element("span", "place", "n " + ["base", "head"].map(function (side) {
        return r[side] ? r[side].n : "–";
      }).join(", ")));
    }

    function probability(p) {
      return "p " + (p < 0.001 ? p.toExponential(0) : Number(p.toPrecision(2)));
    }

    // The band of each side, nothing where both are exact.
    function ranges(r) { return r.bands || (r.bands = bands(r)); }

    function bands(r) {
      if (["base", "head"].every(function (s) { return !r[s] || r[s].exact; })) return [];
      return ["base", "head"].map(function (s) {
        var side = r[s];
        if (!side || side.exact) return "–";
        var known = side.time && stats.interval(side.samples);
        var found = known || [Math.min.apply(null, side.samples), Math.max.apply(null, side.samples)];
        return esv.value(found[0], r.unit) + " to " + esv.value(found[1], r.unit) +
          (known ? "" : RANGE);
      });
    }
  }
})();
