// The page of a revision: values that are carried are not on it, and come when they are asked for.
(function () {
  "use strict";
  var section = document.querySelector("[data-carried]");
  if (!section) return;
  var element = esv.element, said = document.getElementById("carried");
  var button = element("button", { type: "button" }, ["Show them"]);
  said.append(" ", button);
  button.addEventListener("click", function () {
    button.disabled = true;
    esv.load(section.getAttribute("data-carried")).then(show, function (error) {
      button.replaceWith(element("span", { role: "status" }, ["They cannot be loaded: " + error.message + "."]));
    });
  });

  function show(data) {
    var here = new Set(Array.from(section.querySelectorAll("tbody a.bench"), function (a) {
      return new URL(a.href).pathname;
    }));
    var units = ["allocs/op", "B/op", "sec/op"];
    var rows = data.benchmarks.filter(function (b) {
      return !here.has(new URL(b[0], esv.root).pathname);
    }).map(function (b) {
      return element("tr", {}, [element("th", { scope: "row" }, [
        element("a", { "class": "bench", href: esv.root + b[0] }, [element("bdi", {}, [b[1]])]), " ",
        element("span", { "class": "pkg" }, [element("bdi", {}, [b[2]])]),
      ])].concat(units.map(function (unit) {
        var measured = b[3].find(function (m) { return data.units[m[0]] === unit; });
        return element("td", { "class": "num" }, [
          element("span", { "class": "value" }, [measured ? esv.value(middle(measured.slice(4)), unit) : "–"]),
        ]);
      })));
    });
    var title = element("h3", { tabindex: "-1", id: "carriedtitle" }, ["Carried ", element("span", { "class": "count" }, [String(rows.length)])]);
    var head = element("tr", {}, [element("th", { scope: "col" }, ["Benchmark"])].concat(units.map(function (unit) {
      return element("th", { scope: "col", "class": "num" }, [unit]);
    })));
    var box = element("div", { "class": "scroll", role: "region", "aria-labelledby": "carriedtitle", tabindex: "0" }, [
      element("table", { "class": "list" }, [element("thead", {}, [head]), element("tbody", {}, rows)]),
    ]);
    section.append(title, box);
    button.remove();
    title.focus();
  }

  // The median, as the record has it.
  function middle(samples) {
    var sorted = samples.slice().sort(function (a, b) { return a - b; }), half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
})();
