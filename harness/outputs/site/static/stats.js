// Samples compared in the browser as `harness.analysis.compare.samples` and `.comparison` do; a test holds
// the two against each other. And differences as `outputs.format` prints them.
(function () {
  "use strict";
  var ALPHA = 0.05, EXACT = 50, EXACT_TIES = 25, EXACT_INTERVAL = 30;
  var JITTER = 0.1, CLEAR = 2; // of allocs/op

  function ascending(a, b) { return a - b; }

  function median(samples) {
    var s = samples.slice().sort(ascending), middle = s.length >> 1;
    return s.length % 2 ? s[middle] : (s[middle - 1] + s[middle]) / 2;
  }

  // Share of the choices of n1 values whose doubled rank sum is at most `most`. Ways are counted in
  // doubles, which hold every count here to 15 digits.
  function lowerTail(n1, ties, most) {
    var total = 0, place = 0, sums = [new Map([[0, 1]])];
    for (var c = 1; c <= n1; c += 1) sums.push(new Map());
    ties.forEach(function (tied) {
      var rank = 2 * place + tied + 1;
      place += tied;
      for (var chosen = n1; chosen > 0; chosen -= 1) {
        var into = sums[chosen], choose = 1;
        for (var taken = 1; taken <= Math.min(tied, chosen); taken += 1) {
          choose = choose * (tied - taken + 1) / taken;
          sums[chosen - taken].forEach(function (ways, sum) {
            var at = sum + rank * taken;
            into.set(at, (into.get(at) || 0) + ways * choose);
          });
        }
      }
    });
    var below = 0;
    sums[n1].forEach(function (ways, sum) {
      total += ways;
      if (sum <= most) below += ways;
    });
    return below / total;
  }

  // Abramowitz and Stegun 26.2.17 is good to 7.5e-8, of which two digits are shown.
  function normalTail(x) {
    var t = 1 / (1 + 0.2316419 * x);
    var poly = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 +
      t * 1.330274429))));
    return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * poly;
  }

  var tails = new Map();

  function mannWhitney(a, b) {
    var merged = a.map(function (v) { return [v, 0]; })
      .concat(b.map(function (v) { return [v, 1]; }))
      .sort(function (x, y) { return x[0] - y[0]; });
    var ties = [], doubled = 0, place = 0;
    while (place < merged.length) {
      var end = place, own = 0;
      while (end < merged.length && merged[end][0] === merged[place][0]) {
        if (!merged[end][1]) own += 1;
        end += 1;
      }
      ties.push(end - place);
      doubled += (place + end + 1) * own;
      place = end;
    }
    if (ties.length === 1) return 1;
    var n1 = a.length, n2 = b.length, n = n1 + n2;
    var first = doubled - n1 * (n1 + 1), smaller = Math.min(first, 2 * n1 * n2 - first);
    if (smaller === n1 * n2) return 1;
    if (Math.max(n1, n2) <= (ties.length === n ? EXACT : EXACT_TIES)) {
      var key = n1 + ":" + ties.join(",") + ":" + smaller;
      if (!tails.has(key)) tails.set(key, lowerTail(n1, ties, smaller + n1 * (n1 + 1)));
      return Math.min(1, 2 * tails.get(key));
    }
    var correction = ties.reduce(function (s, t) { return s + t * t * t - t; }, 0) / (n * (n - 1));
    var deviation = Math.sqrt(n1 * n2 * (n + 1 - correction) / 12);
    return Math.min(1, 2 * normalTail(((n1 * n2 - smaller) / 2 - 0.5) / deviation));
  }

  function choose(n, k) {
    if (k < 0 || k > n) return 0;
    var found = 1;
    for (var i = 1; i <= k; i += 1) found = found * (n - k + i) / i;
    return Math.round(found);
  }

  // By the normal distribution that is near the binomial one.
  function manyInterval(s) {
    var n = s.length, deviation = Math.sqrt(n) / 2, below = n / 2 - 1.959963984540054 * deviation;
    var left = Math.floor(below - 0.5) + 1, right = Math.ceil(n - below - 0.5) + 1;
    function cdf(x) {
      var z = (x - n / 2) / deviation;
      return z < 0 ? normalTail(-z) : 1 - normalTail(z);
    }
    var fewer = cdf(right - 1.5) - cdf(left - 0.5);
    if (fewer >= 0.95 && fewer < cdf(right - 0.5) - cdf(left - 0.5)) right -= 1;
    return [s[left - 1], s[right - 1]];
  }

  // The 95 % interval of the median: samples, chosen by the binomial distribution of their ranks.
  // Below 6 samples there is none.
  function interval(samples) {
    var s = samples.slice().sort(ascending), n = s.length;
    if (n > EXACT_INTERVAL) return manyInterval(s);
    var left = Math.ceil((n + 1) / 2) - 1, right = left + 1, inside = choose(n, left);
    while (inside < 0.95 * Math.pow(2, n) && (left > 0 || right <= n)) {
      if (choose(n, left - 1) >= choose(n, right)) {
        left -= 1;
        inside += choose(n, left);
      } else {
        inside += choose(n, right);
        right += 1;
      }
    }
    if (left < 1 || right > n) return null;
    return [s[left - 1], s[right - 1]];
  }

  // Whether two counts differ by more than they do by chance, as analysis/comparison.py has it.
  function apart(base, head) {
    var a = base.cut || base.samples, b = head.cut || head.samples;
    var gap = Math.max(Math.min.apply(null, b) - Math.max.apply(null, a),
      Math.min.apply(null, a) - Math.max.apply(null, b));
    if (!base.cut && !head.cut) return gap > 0;
    function printed(side) {
      var value = median(side.samples);
      return side.cut ? Math.floor(value) : value;
    }
    function spread(side) {
      return side.cut ? Math.max.apply(null, side.cut) - Math.min.apply(null, side.cut) : 0;
    }
    var clear = Math.max(JITTER, CLEAR * Math.max(spread(base), spread(head)));
    return printed(base) !== printed(head) && gap - clear > 5e-7;
  }

  // A side is { time, exact, samples, cut }: cut are the values before allocs/op are cut to whole
  // numbers, null where they are not known. Says -1, 0 or 1 as the value went down, not, or up; p
  // where there is one; and whether so few samples could not have shown a change, whatever they are.
  function judge(base, head) {
    var delta = median(head.samples) - median(base.samples);
    if (!base.time && !head.time) {
      return { way: apart(base, head) ? Math.sign(delta) : 0, p: null, unsure: false };
    }
    var p = mannWhitney(base.samples, head.samples);
    var n1 = base.samples.length, least = 2 / choose(n1 + head.samples.length, n1);
    return { way: p > ALPHA ? 0 : Math.sign(delta), p: p, unsure: least > ALPHA };
  }

  var THIN = "\u202f", MINUS = "\u2212";

  function signed(number, unit) {
    if (!number) return "±0";
    return (number > 0 ? "+" : MINUS) + window.esv.value(Math.abs(number), unit);
  }

  function percent(before, after) {
    if (!before) return after ? "from 0" : "";
    var share = (after / before - 1) * 100, size = Math.abs(share);
    var text = size >= 100 ? Math.round(size).toLocaleString("en")
      : size.toFixed(size >= 1 ? 1 : 2);
    return (share > 0 ? "+" : share < 0 ? MINUS : "±") + text + THIN + "%";
  }

  window.esvStats = { mannWhitney: mannWhitney, interval: interval, judge: judge, median: median,
    signed: signed, percent: percent };
})();
