// Shards of data, and the state of a page in its address. Every page loads this first.
//
// A shard is a classic script, so that it loads from file:// as it does over http: its one statement
// is esv.provide("key", value). `esv.load("data/x.js")` asks for it once and promises its value; the
// path is relative to the root of the page's environment.
(function () {
  "use strict";
  // Before the body is there: what stands in for a script's work is then never laid out.
  document.documentElement.setAttribute("data-js", "");
  var root = new URL(document.documentElement.getAttribute("data-up") || "", location.href);
  var values = new Map();
  var asked = new Map();
  var last = null;

  function provide(key, value) {
    values.set(key, value);
    last = { script: document.currentScript, value: value };
  }

  function load(path) {
    if (asked.has(path)) return asked.get(path);
    var promise = new Promise(function (resolve, reject) {
      var script = document.createElement("script");
      script.src = new URL(path, root).href;
      // The load event follows the run of its own script, with no other script in between.
      script.onload = function () {
        if (last && last.script === script) resolve(last.value);
        else reject(new Error(path + " has no data"));
        script.remove();
      };
      script.onerror = function () {
        asked.delete(path);
        script.remove();
        reject(new Error(path + " cannot be loaded"));
      };
      document.head.appendChild(script);
    });
    asked.set(path, promise);
    return promise;
  }

  // What the address says behind #, as `name=value` joined with &; an anchor has none.
  function state() {
    var text = location.hash.slice(1);
    return new URLSearchParams(text.indexOf("=") < 0 ? "" : text);
  }

  // Changes the state without a new entry in the history; null and "" take a name out.
  function setState(changes) {
    var now = state();
    Object.keys(changes).forEach(function (name) {
      var value = changes[name];
      if (value === null || value === undefined || value === "") now.delete(name);
      else now.set(name, value);
    });
    now.sort();
    var text = now.toString();
    var address = location.pathname + location.search + (text ? "#" + text : "");
    history.replaceState(history.state, "", address);
  }

  window.esv = {
    provide: provide,
    load: load,
    get: function (key) { return values.get(key); },
    state: state,
    setState: setState,
    root: root.href,
  };
})();
