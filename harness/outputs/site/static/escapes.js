// The list of all live escape sites: filters, order and the history of one site. What is chosen is
// in the address. The page is complete without it, by package and file.
(function () {
  "use strict";
  var host = document.getElementById("sites");
  if (!host) return;
  var element = window.esvElement;
  var NAMES = ["q", "package", "kind", "since", "covered", "cost", "sort", "site"];

  window.esv.load("data/escapes.js").then(start, function (error) {
    host.hidden = false;
    host.appendChild(element("p", "note warning", "The list cannot be loaded: " + error.message));
  });

  function start(data) {
    var c = data.columns, count = c.line.length, texts = new Array(count), since = new Array(count);
    for (var i = 0; i < count; i += 1) {
      texts[i] = (data.messages[c.message[i]] + " " + data.functions[c.function[i]] + " " +
        data.packages[c.package[i]] + " " + data.files[c.file[i]][0] + ":" + c.line[i])
        .normalize("NFKC").toLowerCase();
      since[i] = data.revisions[c.spells[i][c.spells[i].length - 3]][4];
    }
    host.hidden = false;
    var state = {};
    NAMES.forEach(function (name) { state[name] = window.esv.state().get(name) || ""; });

    var bar = element("form", "filters");
    bar.setAttribute("role", "search");
    bar.setAttribute("aria-label", "Escape sites");
    bar.addEventListener("submit", function (event) { event.preventDefault(); });
    var said = element("p", "muted");
    said.setAttribute("role", "status");
    var box = field("Filter", document.createElement("input"), "q");
    box.type = "search";
    box.autocomplete = "off";
    box.placeholder = "message, function, file";
    box.setAttribute("aria-keyshortcuts", "/");
    select("Package", "package", data.packages.map(same).sort());
    select("Kind", "kind", data.kinds.map(same).sort());
    select("Since", "since", [["1", "the newest revision"], ["10", "the last 10 revisions"],
      ["50", "the last 50 revisions"]]);
    select("Covered", "covered", [["1", "by a benchmark"], ["0", "by none"], ["-1", "not known"]]);
    select("Cost", "cost", [["measured", "allocates in a benchmark"], ["1", "code allocates"],
      ["0", "allocates nothing"], ["-1", "not known"]]);
    host.appendChild(bar);
    host.appendChild(said);

    var list = window.esvList({
      host: host,
      label: "Escape sites",
      height: 52,
      columns: [
        { name: "place", text: "Escape", sortable: true },
        { name: "package", text: "Package", sortable: true, class: "wideonly short" },
        { name: "since", text: "Since", sortable: true, class: "since" },
        { name: "cost", text: "allocs/op", sortable: true, class: "num narrowcol" },
      ],
      sort: function (name) {
        // The largest cost and the newest revision are what is looked for first.
        var down = name === "cost" || name === "since";
        var first = (down ? "-" : "") + name, second = (down ? "" : "-") + name;
        set("sort", state.sort === first ? second : first);
      },
      fill: fill,
    });
    var detail = element("section", "detail");
    detail.hidden = true;
    detail.setAttribute("aria-labelledby", "site");
    host.appendChild(detail);
    var shown = [];
    update();
    if (state.site) open(find(state.site), false);
    document.documentElement.setAttribute("data-ready", "");

    function same(text) { return [text, text]; }

    function field(text, input, name) {
      var label = element("label", "", text + " ");
      input.name = name;
      label.appendChild(input);
      bar.appendChild(label);
      input.value = state[name];
      input.addEventListener(input.tagName === "INPUT" ? "input" : "change", function () {
        set(name, input.value);
      });
      return input;
    }

    function select(text, name, options) {
      var made = document.createElement("select");
      [["", "all"]].concat(options).forEach(function (option) {
        made.appendChild(new Option(option[1], option[0]));
      });
      field(text, made, name);
    }

    function set(name, value) {
      state[name] = value;
      var change = {};
      change[name] = value;
      window.esv.setState(change);
      update();
    }

    function update() {
      var words = state.q.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
      var pack = state.package ? data.packages.indexOf(state.package) : -2;
      var kind = state.kind ? data.kinds.indexOf(state.kind) : -2;
      var oldest = state.since ? data.recorded - Number(state.since) : -1;
      shown = [];
      next: for (var i = 0; i < count; i += 1) {
        if (pack !== -2 && data.packages[c.package[i]] !== state.package) continue;
        if (kind !== -2 && c.kind[i] !== kind) continue;
        if (since[i] < oldest) continue;
        if (state.covered && c.covered[i] !== Number(state.covered)) continue;
        if (state.cost === "measured") { if (!c.allocs[i]) continue; }
        else if (state.cost && c.allocates[i] !== Number(state.cost)) continue;
        for (var w = 0; w < words.length; w += 1) {
          if (texts[i].indexOf(words[w]) < 0) continue next;
        }
        shown.push(i);
      }
      order();
      said.textContent = shown.length.toLocaleString("en") + " of " +
        count.toLocaleString("en") + (count === 1 ? " site" : " sites");
      list.sorted(state.sort || "place");
      list.show(shown);
    }

    // The data come in the order of the source.
    function order() {
      var by = state.sort.replace(/^-/, ""), sign = state.sort[0] === "-" ? -1 : 1;
      if (!by || by === "place") {
        if (sign < 0) shown.reverse();
        return;
      }
      var values = { since: since, cost: c.allocs }[by];
      if (by === "package") {
        var ranks = data.packages.map(function (name, number) { return [name, number]; })
          .sort(function (a, b) { return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]; });
        var place = [];
        ranks.forEach(function (pair, rank) { place[pair[1]] = rank; });
        values = c.package.map(function (number) { return place[number]; });
      }
      if (!values) return;
      shown.sort(function (a, b) { return sign * (values[a] - values[b]) || a - b; });
    }

    function where(i, name) {
      var file = data.files[c.file[i]], text = file[0] + ":" + c.line[i];
      var made = element(file[1] ? "a" : "span", name || "", text);
      if (file[1]) made.href = file[1] + "#L" + c.line[i];
      return made;
    }

    function commit(number, full) {
      var revision = data.revisions[number], made = element("a", "", revision[1]);
      made.href = revision[0];
      if (full) made.textContent += " " + revision[2];
      made.title = revision[2];
      return made;
    }

    function fill(i, cells) {
      var button = element("button", "plain", data.messages[c.message[i]]);
      button.type = "button";
      button.addEventListener("click", function () { open(i, true); });
      cells[0].appendChild(button);
      cells[0].appendChild(element("span", "kind", data.kinds[c.kind[i]]));
      var line = element("span", "place");
      line.appendChild(where(i));
      line.appendChild(document.createTextNode(" " + data.functions[c.function[i]]));
      cells[0].appendChild(line);
      cells[1].textContent = data.packages[c.package[i]];
      var spells = c.spells[i], first = spells[spells.length - 3];
      cells[2].appendChild(commit(first, false));
      cells[2].appendChild(element("span", "place", data.revisions[first][3]));
      cells[3].textContent = c.allocs[i] ? c.allocs[i].toLocaleString("en") : "";
      if (c.cost[i] && !c.allocs[i] && c.covered[i] === 0) {
        cells[3].appendChild(element("span", "place", "not reached"));
      }
    }

    // What the site is, in few characters that survive a republishing; twins are counted.
    function identity(i) {
      return hash(data.packages[c.package[i]] + "\n" + data.functions[c.function[i]] + "\n" +
        data.messages[c.message[i]] + "\n" + data.files[c.file[i]][0]);
    }

    function hash(text) {
      var h = 0x811c9dc5, g = 0x9e3779b9;
      for (var k = 0; k < text.length; k += 1) {
        h = Math.imul(h ^ text.charCodeAt(k), 0x01000193);
        g = Math.imul(g + text.charCodeAt(k), 0x85ebca6b) ^ (h >>> 13);
      }
      return (h >>> 0).toString(36) + (g >>> 0).toString(36);
    }

    function twin(i) {
      var own = identity(i), number = 0;
      for (var k = 0; k < i; k += 1) {
        if (c.message[k] === c.message[i] && identity(k) === own) number += 1;
      }
      return own + (number ? "." + number : "");
    }

    function find(wanted) {
      var parts = wanted.split("."), left = Number(parts[1] || 0);
      for (var i = 0; i < count; i += 1) {
        if (identity(i) !== parts[0]) continue;
        if (!left) return i;
        left -= 1;
      }
      return -1;
    }

    function open(i, focus) {
      if (i < 0) return;
      window.esv.setState({ site: twin(i) });
      detail.replaceChildren();
      var close = element("button", "close", "Close");
      close.type = "button";
      close.addEventListener("click", shut);
      var title = element("h3");
      title.id = "site";
      title.tabIndex = -1;
      title.appendChild(element("code", "", data.messages[c.message[i]]));
      detail.appendChild(close);
      detail.appendChild(title);
      var facts = element("dl", "meta");
      function fact(name, child) {
        var row = element("div"), value = element("dd");
        row.appendChild(element("dt", "", name));
        value.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
        row.appendChild(value);
        facts.appendChild(row);
      }
      fact("Source", where(i));
      fact("Function", data.functions[c.function[i]] || "not known");
      fact("Package", data.packages[c.package[i]]);
      fact("Kind", data.kinds[c.kind[i]]);
      if (data.costs[c.cost[i]]) fact("Cost", data.costs[c.cost[i]]);
      if (c.allocs[i]) {
        fact("Measured", "up to " + c.allocs[i].toLocaleString("en") +
          " allocs/op on its line, in one benchmark");
      }
      var history = element("ol", "spells");
      for (var k = 0; k < c.spells[i].length; k += 3) history.appendChild(spell(c.spells[i], k));
      fact("History", history);
      detail.appendChild(facts);
      detail.hidden = false;
      detail.dataset.row = i;
      if (focus) title.focus();
    }

    function spell(spells, k) {
      var item = element("li");
      var beginning = data.revisions[spells[k]][4] === 0;
      item.appendChild(element("span", "", beginning ? "there since the first measured revision "
        : k ? "back in " : "came in "));
      item.appendChild(commit(spells[k], true));
      if (spells[k + 2] >= 0) {
        item.appendChild(element("span", "", ", gone in "));
        item.appendChild(commit(spells[k + 2], true));
      } else item.appendChild(element("span", "", ", stands"));
      return item;
    }

    function shut() {
      var place = shown.indexOf(Number(detail.dataset.row));
      detail.hidden = true;
      window.esv.setState({ site: null });
      if (place >= 0) list.focus(place);
    }

    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Escape" && !detail.hidden && !event.target.closest("dialog")) shut();
    });
    window.esv.keys.push(["↓ ↑ Home End", "from site to site in the list"],
      ["Enter", "opens the history of the site"], ["Esc", "closes it"]);
  }
})();
