// The page of a benchmark: charts that share their places, a cursor and the range in the address.
// Without this script the page shows a sparkline for each unit, and the same tables.
(function () {
  "use strict";
  var section = document.querySelector("[data-benchmark]");
  if (!section) return;
  var still = section.querySelector(".still");
  var element = esv.element;
  var history, data, last, range, at, plots = [];
  var live = element("div", { "class": "live" });
  var readout = element("p", { "class": "readout" });
  var said = element("p", { "class": "sr", role: "status" });
  var span = element("span", { "class": "span", role: "status" });
  var board = element("div", {
    "class": "plots", tabindex: "0", role: "application", "aria-label": "Charts",
    "aria-describedby": "chartkeys",
  });

  Promise.all([esv.load("data/history.js"), esv.load(section.getAttribute("data-benchmark"))])
    .then(function (loaded) {
      history = loaded[0];
      data = loaded[1];
      last = history.hashes.length - 1;
      spread();
      if (last >= 0) build();
      document.documentElement.setAttribute("data-ready", "");
    })
    .catch(function (error) {
      live.remove();
      still.classList.add("shown");
      section.prepend(element("p", { "class": "muted", role: "status" }, [
        "The data of the charts cannot be loaded (" + error.message + "); a summary is below.",
      ]));
    });

  // Runs of [places, value, …] as a list for each value; a run of 0 places is all that are left.
  function columns(runs, width) {
    var found = [];
    for (var column = 1; column <= width; column += 1) {
      var list = new Array(last + 1), at = 0;
      runs.forEach(function (run) {
        var end = run[0] ? at + run[0] : last + 1;
        list.fill(run[column], at, end);
        at = end;
      });
      found.push(list);
    }
    return found;
  }

  function spread() {
    data.series.forEach(function (series) {
      var found = columns(series.runs, series.ranged ? 5 : 2);
      series.states = found[0];
      series.values = found[1];
      if (series.ranged) {
        series.low = found[2];
        series.high = found[3];
        series.band = found[4];
      }
    });
    data.origins = columns(data.origins, 1)[0];
  }

  function href(place) {
    return esv.root + (history.pages[place] || "r/" + history.hashes[place] + ".html");
  }
  function recorded(place) { return history.states[place] !== "u"; }
  function clamp(place) { return Math.min(Math.max(place, 0), last); }

  // The place of a hash; those of a run of revisions without a record are named by its two ends.
  function place(hash) {
    var found = history.hashes.indexOf(hash);
    if (found >= 0 || !hash) return found;
    var run = Object.keys(history.runs).find(function (i) { return history.runs[i][0] === hash; });
    return run === undefined ? -1 : Number(run);
  }

  function fromAddress() {
    var state = esv.state(), from = place(state.get("from")), to = place(state.get("to"));
    var unknown = ["from", "to"].filter(function (n) { return state.get(n) && place(state.get(n)) < 0; });
    notice.textContent = unknown.length
      ? "The address names a revision that this history does not have: " + state.get(unknown[0]).slice(0, 40) + "." : "";
    from = from < 0 ? 0 : from;
    to = to < 0 ? last : to;
    return from <= to ? [from, to] : [to, from];
  }

  function setRange(from, to, quiet) {
    from = clamp(from);
    to = clamp(Math.max(to, from));
    if (range && range[0] === from && range[1] === to) return;
    range = [from, to];
    var all = from === 0 && to === last;
    if (!quiet) {
      notice.textContent = "";
      esv.setState({ from: all ? null : history.hashes[from], to: all ? null : history.hashes[to] });
    }
    plots.forEach(function (plot) { plot.zoom(); });
    span.textContent = esv.count(to - from + 1, "") + " of " + esv.count(last + 1, "place") + ", "
      + near(from, 1) + " to " + near(to, -1);
    buttons.all.disabled = all;
    document.dispatchEvent(new CustomEvent("esv-range", { detail: { from: from, to: to, all: all } }));
    plots.forEach(function (plot, i) { shown()[i].cut.hidden = plot.fromZero(); });
    if (at < from || at > to) move(to);
    else move(at);
  }

  // The date of the nearest place that has one.
  function near(i, way) {
    while (i >= 0 && i <= last && !history.dates[i]) i += way;
    return esv.day(history.dates[i]) || "…";
  }

  function zoom(factor) {
    var width = Math.max(4, Math.round((range[1] - range[0] + 1) * factor));
    var from = Math.round(at - width * (at - range[0]) / Math.max(1, range[1] - range[0]));
    from = Math.max(0, Math.min(from, last + 1 - width));
    setRange(from, from + width - 1);
  }

  function pan(share) {
    var width = range[1] - range[0], by = Math.max(1, Math.round(width * Math.abs(share))) * Math.sign(share);
    var from = Math.max(0, Math.min(range[0] + by, last - width));
    setRange(from, from + width);
  }

  // Puts the cursor on a place; loud where a key did it, so that it is read out.
  function move(i, loud) {
    at = clamp(i);
    if (at < range[0] || at > range[1]) {
      var width = range[1] - range[0];
      var from = Math.max(0, Math.min(at - Math.round(width / 2), last - width));
      setRange(from, from + width);
      return;
    }
    readout.replaceChildren.apply(readout, title(at));
    var texts = [];
    shown().forEach(function (series) {
      var text = describe(series, at);
      series.output.textContent = text;
      series.output.className = tone(series, at);
      texts.push(series.unit + " " + text);
    });
    if (loud) {
      plots.forEach(function (plot) { plot.point(at); });
      said.textContent = readout.textContent + ": " + texts.join(", ");
    }
  }

  function title(i) {
    var run = history.runs[i];
    if (!recorded(i)) {
      return [element("code", {}, [history.hashes[i].slice(0, 8)]), " ",
        run ? esv.count(run[1], "revision") + " not measured" : "not measured"];
    }
    return [element("a", { href: href(i), tabindex: "-1" }, [element("code", {}, [history.hashes[i].slice(0, 8)])]), " ",
      element("bdi", {}, [history.subjects[i]]), " ",
      element("span", { "class": "muted" }, [esv.day(history.dates[i])])];
  }

  function stepAt(series, i) { return series.steps.find(function (s) { return s[0] === i; }); }

  // As shared/values.py says it.
  function spreadAt(series, i) {
    if (!series.low || series.low[i] === null || series.low[i] === series.high[i]) return "";
    return esv.value(series.low[i], series.unit) + " to " + esv.value(series.high[i], series.unit) +
      (series.band[i] === "r" ? " (range)" : "");
  }

  function describe(series, i) {
    var value = series.values[i];
    if (value === null) return history.names[series.states[i]];
    var text = esv.value(value, series.unit), step = stepAt(series, i);
    var spread = spreadAt(series, i);
    if (spread) text += ", " + spread;
    if (step) text += (step[1] === "regression" ? " ▲ " : " ▼ ") + step[2] + (step[5] ? ", " + step[5] : "");
    return text;
  }

  function tone(series, i) {
    var step = stepAt(series, i);
    return step ? "change " + step[1] : "";
  }

  function open(i, event) {
    if (!recorded(i)) return;
    if (event && event.pointerType === "touch") return;
    if (event && (event.ctrlKey || event.metaKey)) window.open(href(i), "_blank", "noopener");
    else location.assign(href(i));
  }

  // Which units are drawn: those of the address, else all but what is more detail than most want.
  function shown() { return data.series.filter(function (s) { return s.on; }); }
  function usual(series) { return !series.heap && series.unit !== "heap-calls"; }

  function setUnits() {
    var all = data.series.every(function (s) { return s.on === usual(s); });
    esv.setState({ units: all ? null : shown().map(function (s) { return s.unit; }).join(",") || "none" });
    draw();
  }

  function draw() {
    plots.forEach(function (plot) { plot.destroy(); });
    board.replaceChildren();
    var drawn = shown();
    var width = board.clientWidth;
    plots = drawn.map(function (series, number) {
      series.output = element("output", {});
      series.cut = element("span", { "class": "muted cut" }, ["the axis does not start at 0"]);
      var box = element("div", { "class": "plot" });
      box.append(element("p", { "class": "plothead" }, [
        element("strong", {}, [series.unit]), " ",
        series.of === "package" ? element("span", { "class": "muted" }, ["of the package "]) : null,
        series.output, series.cut,
      ]));
      board.append(box);
      var lowest = number === drawn.length - 1;
      return esv.plot(box, {
        series: series, history: history, width: width, height: (width < 500 ? 104 : 118) + (lowest ? 28 : 0),
        dates: lowest, range: function () { return range; }, href: href,
        onSelect: setRange, onMove: move, onClick: open,
      });
    });
    plots.forEach(function (plot, i) { drawn[i].cut.hidden = plot.fromZero(); });
    if (range) move(at);
  }

  // The nearest place with a step of a drawn unit, in a direction.
  function step(way) {
    var places = [];
    shown().forEach(function (s) { s.steps.forEach(function (t) { places.push(t[0]); }); });
    places = places.filter(function (p) { return way > 0 ? p > at : p < at; });
    if (places.length) move(way > 0 ? Math.min.apply(null, places) : Math.max.apply(null, places), true);
    else said.textContent = way > 0 ? "no later step" : "no earlier step";
  }

  var KEYS = {
    ArrowLeft: function (e) { if (e.shiftKey) pan(-0.25); else move(at - 1, true); },
    ArrowRight: function (e) { if (e.shiftKey) pan(0.25); else move(at + 1, true); },
    Home: function () { move(range[0], true); },
    End: function () { move(range[1], true); },
    PageUp: function () { pan(-1); },
    PageDown: function () { pan(1); },
    "+": function () { zoom(0.5); },
    "=": function () { zoom(0.5); },
    "-": function () { zoom(2); },
    "0": function () { setRange(0, last); },
    n: function () { step(1); },
    p: function () { step(-1); },
    Enter: function (e) { open(at, e); },
  };

  esv.keys.push(["← →", "move the cursor by a place"], ["p n", "previous, next step"], ["Enter", "open the revision"],
    ["+ − 0", "zoom in, out, show all"], ["Shift ← →", "move the range"], ["Home End", "first, last place of the range"]);

  function button(text, label, act) {
    var made = element("button", { type: "button", "aria-label": label, title: label }, [text]);
    made.addEventListener("click", act);
    return made;
  }

  var notice = element("p", { "class": "notice", role: "status" });
  var buttons = {
    all: button("All", "Show all places (0)", function () { setRange(0, last); }),
    recent: button("Newest 50", "Show the newest 50 places", function () { setRange(last - 49, last); }),
    closer: button("+", "Zoom in (+)", function () { zoom(0.5); }),
    wider: button("−", "Zoom out (-)", function () { zoom(2); }),
    before: button("◀ step", "Previous step (p)", function () { step(-1); }),
    after: button("step ▶", "Next step (n)", function () { step(1); }),
  };

  function units() {
    var list = element("fieldset", { "class": "units" }, [element("legend", { "class": "sr" }, ["Units drawn"])]);
    data.series.forEach(function (series) {
      var box = element("input", { type: "checkbox" });
      box.checked = series.on;
      box.addEventListener("change", function () { series.on = box.checked; setUnits(); });
      list.append(element("label", {}, [box, " ", series.unit]));
    });
    return list;
  }

  function build() {
    var wanted = esv.state().get("units");
    data.series.forEach(function (series) {
      series.on = wanted === null ? usual(series) : wanted.split(",").indexOf(series.unit) >= 0;
    });
    var bar = element("div", { "class": "toolbar", role: "group", "aria-label": "Range of the charts" });
    if (last < 50) buttons.recent.hidden = true;
    bar.append(buttons.all, buttons.recent, buttons.wider, buttons.closer, buttons.before, buttons.after, span);
    live.append(bar, units(), notice, readout, board, said, element("p", { "class": "muted key", id: "chartkeys" }, [
      "▲ ▼ steps, linked to the revision. Hatched: no value (✕ does not compile, ! failed); shaded: not there."
      + " Line: median; band: its 95 % confidence interval by the order of the repetitions, as"
      + " benchstat has it; of counts, and of fewer than 6 repetitions, smallest to largest (“range”). Every revision is as wide as every other."
      + " Drag to zoom, click for the revision. Keys in the charts: ← → place, n p step, Enter revision, + − zoom, Shift ← → move, 0 all.",
    ]));
    section.insertBefore(live, still);
    at = last;
    range = fromAddress();
    at = clamp(range[1]);
    draw();
    var first = range;
    range = null;
    setRange(first[0], first[1], true);
    board.addEventListener("keydown", function (event) {
      var act = KEYS[event.key];
      if (!act || event.altKey || ((event.ctrlKey || event.metaKey) && event.key !== "Enter")) return;
      event.preventDefault();
      act(event);
    });
    window.addEventListener("hashchange", function () { var r = fromAddress(); setRange(r[0], r[1], true); });
    var width = board.clientWidth;
    new ResizeObserver(function () {
      if (board.clientWidth === width || !board.clientWidth) return;
      width = board.clientWidth;
      plots.forEach(function (plot) { plot.resize(width); });
    }).observe(board);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
      plots.forEach(function (plot) { plot.redraw(); });
    });
    esv.historyTable({ history: history, data: data, href: href, describe: describe, stepAt: stepAt,
      spreadAt: spreadAt });
    document.dispatchEvent(new CustomEvent("esv-range", {
      detail: { from: range[0], to: range[1], all: range[0] === 0 && range[1] === last },
    }));
  }
})();
