// One chart of the benchmark page: uPlot for axes, cursor and selection; the line, its band, gaps and
// steps are drawn here. Every place is as wide as every other: place i spans i to i + 1, and its
// value is looked up in the middle.
(function () {
  "use strict";
  var BROKEN = "bd", FAILED = "f", UNMEASURED = "u";
  var WHOLE = ["allocs/op", "B/op", "escapes", "heap-calls", "frame-B"];
  var AXIS = 78;

  // Of the style sheet; asked for once, since an answer may cost a layout of the page.
  var palette = {};
  function colour(name) {
    if (!(name in palette)) {
      palette[name] = getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
    }
    return palette[name];
  }

  // Ends of the axis: from 0, unless that would flatten the differences.
  function bounds(series, from, to) {
    var low = Infinity, high = -Infinity;
    for (var i = from; i <= to; i += 1) {
      var value = series.values[i];
      if (value === null) continue;
      var least = series.low && series.low[i] !== null ? series.low[i] : value;
      var most = series.high && series.high[i] !== null ? series.high[i] : value;
      if (least < low) low = least;
      if (most > high) high = most;
    }
    if (low > high) return [0, 1];
    if (low < 0 || high <= 0) return [Math.min(low * 1.1, 0), Math.max(high * 1.1, low < 0 ? 0 : 1)];
    if (high - low > high * 0.35 || high === low) low = 0;
    var room = (high - low) * 0.08;
    return [low === 0 ? 0 : Math.max(0, low - room), high + room];
  }

  function path(u, series) {
    var line = new Path2D();
    var drawing = false;
    var from = Math.max(0, Math.floor(u.scales.x.min)), to = Math.min(series.values.length, Math.ceil(u.scales.x.max));
    for (var i = from; i < to; i += 1) {
      var value = series.values[i];
      if (value === null) { drawing = false; continue; }
      var y = u.valToPos(value, "y", true);
      if (drawing) line.lineTo(u.valToPos(i, "x", true), y);
      else line.moveTo(u.valToPos(i, "x", true), y);
      line.lineTo(u.valToPos(i + 1, "x", true), y);
      drawing = true;
    }
    return { stroke: line, fill: null, clip: null, band: null, gaps: null, flags: 0 };
  }

  // What lies under the line: gaps with their signs, the band of the repetitions, changed conditions.
  function under(u, series, history) {
    var ctx = u.ctx, box = u.bbox, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    runs(u, series, function (state, left, right) {
      if ((BROKEN + FAILED + UNMEASURED).indexOf(state) < 0) {
        ctx.fillStyle = colour("sunk");
        ctx.fillRect(left, box.top, right - left, box.height);
        return;
      }
      ctx.fillStyle = colour(state === UNMEASURED ? "sunk" : state === FAILED ? "warn-soft" : "broken-soft");
      ctx.fillRect(left, box.top, right - left, box.height);
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, box.top, right - left, box.height);
      ctx.clip();
      ctx.strokeStyle = colour("hatch");
      ctx.lineWidth = ratio;
      ctx.globalAlpha = 0.6;
      ctx.beginPath();
      for (var x = left - box.height - ((left - box.height) % (6 * ratio)); x < right; x += 6 * ratio) {
        ctx.moveTo(x, box.top + box.height);
        ctx.lineTo(x + box.height, box.top);
      }
      ctx.stroke();
      ctx.restore();
      if (state !== UNMEASURED) {
        ctx.fillStyle = colour(state === FAILED ? "warn" : "broken");
        ctx.font = "bold " + 11 * ratio + "px sans-serif";
        ctx.textAlign = "center";
        ctx.fillText(state === FAILED ? "!" : "✕", (left + right) / 2, box.top + box.height - 5 * ratio);
      }
    });
    if (series.low) {
      ctx.fillStyle = colour("band");
      ctx.globalAlpha = 0.4;
      ctx.beginPath();
      for (var i = Math.max(0, Math.floor(u.scales.x.min)); i < Math.min(series.low.length, u.scales.x.max); i += 1) {
        if (series.low[i] === null) continue;
        var top = u.valToPos(series.high[i], "y", true), bottom = u.valToPos(series.low[i], "y", true);
        var left = u.valToPos(i, "x", true);
        ctx.rect(left, top, u.valToPos(i + 1, "x", true) - left, Math.max(bottom - top, ratio));
      }
      ctx.fill();
      ctx.globalAlpha = 1;
    }
    ctx.restore();
    ctx.save();
    ctx.strokeStyle = colour("muted");
    ctx.fillStyle = colour("muted");
    ctx.lineWidth = ratio;
    ctx.font = 10.5 * ratio + "px sans-serif";
    history.changes.forEach(function (change) {
      if (change[0] < u.scales.x.min || change[0] >= u.scales.x.max) return;
      var x = u.valToPos(change[0], "x", true);
      ctx.setLineDash([6 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, box.top);
      ctx.lineTo(x, box.top + box.height);
      ctx.stroke();
      ctx.fillText("⚙ " + change[1], x + 3 * ratio, box.top + 10 * ratio);
    });
    ctx.restore();
  }

  // Calls back for every run of places in view that have no value, for the same reason.
  function runs(u, series, each) {
    var to = Math.min(series.values.length, Math.ceil(u.scales.x.max));
    var i = Math.max(0, Math.floor(u.scales.x.min));
    while (i < to) {
      if (series.values[i] !== null) { i += 1; continue; }
      var start = i, state = series.states[i];
      while (i < to && series.values[i] === null && series.states[i] === state) i += 1;
      each(state, u.valToPos(start, "x", true), u.valToPos(i, "x", true));
    }
  }

  function over(u, series) {
    var ctx = u.ctx, box = u.bbox, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.lineWidth = ratio;
    series.steps.forEach(function (step) {
      if (step[0] < u.scales.x.min || step[0] >= u.scales.x.max) return;
      var x = u.valToPos(step[0], "x", true);
      ctx.strokeStyle = colour(step[1] === "regression" ? "up-mark" : "down-mark");
      ctx.beginPath();
      ctx.moveTo(x, box.top);
      ctx.lineTo(x, box.top + box.height);
      ctx.stroke();
    });
    ctx.restore();
  }

  // Triangles above the chart, linked to their revisions. The table of steps has the same links for
  // the keyboard and for a reader of the screen.
  function marks(u, series, href) {
    u.over.querySelectorAll(".stepmark").forEach(function (mark) { mark.remove(); });
    var free = -8, width = u.bbox.width / (devicePixelRatio || 1);
    series.steps.forEach(function (step) {
      if (step[0] < u.scales.x.min || step[0] >= u.scales.x.max) return;
      var x = u.valToPos(step[0], "x"), half = 4 + step[2].length * 3.3 + 6;
      var room = x - half > free && x + half < width + 10;
      if (room) free = x + half;
      var text = (step[1] === "regression" ? "▲" : "▼") + (room ? " " + step[2] : "");
      var mark = esv.element("a", {
        "class": "stepmark " + step[1], href: href(step[0]), tabindex: "-1", "aria-hidden": "true",
        title: step[2] + " " + series.unit + (step[5] ? ", " + step[5] : ""),
      }, [text]);
      mark.style.left = x + "px";
      u.over.append(mark);
    });
  }

  // options: series, history, width, height, dates (whether the axis has them), range() → [from, to],
  // href(place), onSelect(from, to), onMove(place), onClick(place, event)
  esv.plot = function (target, options) {
    var series = options.series, history = options.history;
    var middles = series.values.map(function (_, i) { return i + 0.5; });
    var whole = WHOLE.indexOf(series.unit) >= 0;
    var grid = { stroke: function () { return colour("rule"); }, width: 1 };
    var text = function () { return colour("muted"); };
    var u = new uPlot({
      width: options.width,
      height: options.height,
      padding: [20, 14, options.dates ? 0 : 6, 0],
      legend: { show: false },
      cursor: {
        sync: { key: "esv" },
        drag: { x: true, y: false, dist: 5, setScale: false },
        y: false,
        points: { size: 7, fill: function () { return colour("line"); }, width: 0 },
        bind: { dblclick: function () { return null; } },
      },
      scales: {
        x: { time: false, auto: false, range: function () { var r = options.range(); return [r[0], r[1] + 1]; } },
        y: { range: function () { var r = options.range(); return bounds(series, r[0], r[1]); } },
      },
      axes: [
        {
          show: options.dates, stroke: text, grid: { show: false }, ticks: grid, size: 30, space: 110,
          font: "11px system-ui, sans-serif", incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
          values: function (_, splits) {
            return splits.map(function (i) { return esv.day(history.dates[i]) || ""; });
          },
        },
        {
          stroke: text, grid: grid, ticks: { show: false }, size: AXIS, gap: 6, space: 26,
          font: "11px system-ui, sans-serif",
          incrs: whole ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7, 1e8, 1e9] : undefined,
          values: function (_, splits) {
            return splits.map(function (v) { return esv.value(v, series.unit).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, ""); });
          },
        },
      ],
      series: [{}, {
        stroke: function () { return colour("line"); }, width: 2, spanGaps: false, points: { show: false },
        paths: function (self) { return path(self, series); },
      }],
      hooks: {
        drawClear: [function (self) { under(self, series, history); }],
        draw: [function (self) { over(self, series); marks(self, series, options.href); }],
        setSelect: [function (self) {
          if (self.select.width < 5) return;
          var from = self.posToVal(self.select.left, "x"), to = self.posToVal(self.select.left + self.select.width, "x");
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          options.onSelect(Math.floor(from), Math.ceil(to) - 1);
        }],
        setCursor: [function (self) {
          if (self.cursor.event && self.cursor.idx !== null && self.cursor.idx !== undefined) options.onMove(self.cursor.idx);
        }],
      },
    }, [middles, series.values], target);
    u.over.addEventListener("click", function (event) {
      if (event.target === u.over && u.cursor.idx !== null) options.onClick(u.cursor.idx, event);
    });
    return {
      fromZero: function () { return u.scales.y.min <= 0; },
      zoom: function () { var r = options.range(); u.setScale("x", { min: r[0], max: r[1] + 1 }); },
      point: function (place) { u.setCursor({ left: u.valToPos(place + 0.5, "x"), top: 2 }, false); },
      resize: function (width) { u.setSize({ width: width, height: options.height }); },
      redraw: function () { palette = {}; u.redraw(false, true); },
      destroy: function () { u.destroy(); },
    };
  };
})();
