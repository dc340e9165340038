// Numbers as the pages print them; the same as harness/outputs/text/format.py, which the tests compare.
(function () {
  "use strict";
  var THIN = "\u202f";
  var SECONDS = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"], [1e-12, "ps"]];
  var BYTES = [[Math.pow(2, 40), "TiB"], [Math.pow(2, 30), "GiB"], [Math.pow(2, 20), "MiB"]];

  function grouped(text) {
    var parts = text.split(".");
    parts[0] = parts[0].replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    return parts.join(".");
  }

  function plain(number) {
    if (Number.isInteger(number)) return grouped(String(number));
    if (Math.abs(number) >= 1e4) return grouped(number.toFixed(1));
    var size = Math.floor(Math.log10(Math.abs(number)));
    if (size >= -4) return grouped(String(Number(number.toPrecision(4))));
    var text = Number(number.toPrecision(4)).toExponential();
    return text.replace(/e-(\d)$/, "e-0$1");
  }

  function fourDigits(number) {
    var digits = number ? 3 - Math.floor(Math.log10(Math.abs(number))) : 0;
    return number.toFixed(Math.min(Math.max(digits, 0), 3));
  }

  function seconds(number) {
    if (number === 0) return "0" + THIN + "s";
    var scale = SECONDS.find(function (s) { return Math.abs(number) >= s[0] * 0.99995; });
    scale = scale || SECONDS[SECONDS.length - 1];
    return fourDigits(number / scale[0]) + THIN + scale[1];
  }

  function bytes(number) {
    var scale = BYTES.find(function (s) { return Math.abs(number) >= s[0] * 10; });
    if (scale) return fourDigits(number / scale[0]) + THIN + scale[1];
    return plain(number) + THIN + "B";
  }

  esv.value = function (number, unit) {
    if (number === null || number === undefined) return "–";
    if (unit === "sec/op" || unit === "gc-pause-sec/op") return seconds(number);
    if (unit === "B/op" || unit.endsWith("-B")) return bytes(number);
    return plain(number);
  };

  esv.count = function (number, noun) {
    return grouped(String(number)) + (noun ? " " + noun + (number === 1 ? "" : "s") : "");
  };

  // A date in UTC, of seconds since the epoch.
  esv.day = function (time) {
    return time ? new Date(time * 1000).toISOString().slice(0, 10) : "";
  };

  // An element with attributes and children; texts become text, whatever they say.
  esv.element = function (tag, attributes, children) {
    var made = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      var value = attributes[name];
      if (value === null || value === undefined || value === false) return;
      made.setAttribute(name, value === true ? "" : value);
    });
    (children || []).forEach(function (child) { if (child !== null) made.append(child); });
    return made;
  };
})();
