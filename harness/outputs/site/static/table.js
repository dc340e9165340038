// The table of values of a benchmark. The page comes with the newest rows; those of a range, and the
// older ones, are made here from the data of the charts.
(function () {
  "use strict";
  var AT_ONCE = 120;
  var TROUBLE = { b: "broken", d: "broken", f: "warning" };
  var element;

  esv.historyTable = function (page) {
    var table = document.querySelector("table.history");
    if (!table) return;
    element = esv.element;
    var body = table.tBodies[0], published = Array.from(body.rows);
    var older = document.getElementById("older");
    var units = Array.from(table.querySelectorAll("th[data-unit]")).map(function (th) {
      return page.data.series.find(function (s) { return s.unit === th.getAttribute("data-unit") && s.of === "benchmark"; });
    });
    var main = units[0];
    var count = element("p", { "class": "muted", role: "status" });
    var more = element("button", { type: "button" });
    var line = element("div", { "class": "moreline" }, [count, more]);
    table.parentNode.after(line);
    if (older) older.hidden = true;
    var rows = [], done = 0;

    // Whether the value is that of an earlier row.
    function carried(i) {
      return main.states[i] === "c"
        && (page.data.origins[i] >= 0 || (i > 0 && main.states[i - 1] === "c" && page.data.origins[i - 1] < 0));
    }

    function grow() {
      var fresh = rows.slice(done, done + AT_ONCE);
      done += fresh.length;
      body.append.apply(body, fresh.map(function (place) { return row(page, units, place); }));
      say();
    }

    function say() {
      count.textContent = esv.count(done, "") + " of " + esv.count(rows.length, "row");
      more.hidden = done >= rows.length;
      more.textContent = "Show " + Math.min(AT_ONCE, rows.length - done) + " older";
    }

    more.addEventListener("click", grow);
    document.addEventListener("esv-range", function (event) {
      var detail = event.detail;
      rows = [];
      for (var i = detail.to; i >= detail.from; i -= 1) {
        if (main.states[i] !== "y" && !carried(i)) rows.push(i);
      }
      // Of a range in which nothing was measured, its end.
      if (!rows.length && main.states[detail.to] !== "y") rows.push(detail.to);
      body.replaceChildren();
      done = 0;
      if (detail.all) {
        body.append.apply(body, published);
        done = published.length;
        say();
      } else grow();
    });
  };

  function row(page, units, place) {
    var history = page.history, main = units[0], state = main.states[place];
    var name = history.names[state], tone = TROUBLE[state] || "";
    if (state === "u") {
      var run = history.runs[place], hash = history.hashes[place].slice(0, 8);
      return element("tr", { "class": "gap" }, [
        element("th", { scope: "row" }, [element("code", {}, [run ? esv.count(run[1], "revision") + " up to " + hash : hash])]),
        element("td", { "class": "date wideonly" }),
        element("td", { colspan: units.length, "class": "reason" }, [element("span", { "class": "muted" }, ["no value"])]),
        element("td", {}, [element("span", { "class": "muted" }, [name])]),
      ]);
    }
    var head = element("th", { scope: "row" }, [
      element("a", { "class": "commit", href: page.href(place) }, [
        element("code", {}, [history.hashes[place].slice(0, 8)]), " ", element("bdi", {}, [history.subjects[place]]),
      ]),
    ]);
    var date = element("td", { "class": "date wideonly" }, [esv.day(history.dates[place])]);
    var made = element("tr", {}, [head, date]);
    if (units.every(function (u) { return u.values[place] === null; })) {
      made.className = (tone + " gap").trim();
      var reason = page.data.reasons[place];
      made.append(
        element("td", { colspan: units.length, "class": "reason" }, [
          reason ? element("code", {}, [element("bdi", {}, [reason])]) : element("span", { "class": "muted" }, ["no value"]),
        ]),
        element("td", {}, [tone
          ? element("span", { "class": "badge " + tone }, [element("span", { "aria-hidden": "true" }, [tone === "broken" ? "✕ " : "! "]), name])
          : element("span", { "class": "muted" }, [name])]),
      );
      return made;
    }
    units.forEach(function (unit) { made.append(cell(page, unit, place)); });
    var from = page.data.origins[place];
    made.append(element("td", { "class": "state" }, [name, from < 0 ? null : element("span", { "class": "muted" }, [
      " from ", element("a", { href: page.href(from) }, [element("code", {}, [history.hashes[from].slice(0, 8)])]),
    ])]));
    return made;
  }

  function cell(page, unit, place) {
    var made = element("td", { "class": "num" }), value = unit.values[place], step = page.stepAt(unit, place);
    var spread = page.spreadAt(unit, place);
    if (spread) made.append(element("span", { "class": "spread" }, [spread]), " ");
    if (step) {
      made.append(element("span", { "class": "change " + step[1] }, [
        element("span", { "class": "arrow " + step[1], "aria-hidden": "true" }, [step[1] === "regression" ? "▲" : "▼"]),
        " " + step[2], element("span", { "class": "sr" }, [" " + step[1] + " to "]),
      ]), " ");
    }
    made.append(element("span", { "class": "value" }, [esv.value(value, unit.unit)]));
    return made;
  }
})();
