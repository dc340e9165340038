// Put into the pages by `esv preview`, and by nothing else: asks now and then whether the site was
// published anew, and loads the page again if it was. A script asks, since the policy of the pages
// allows no other request.
(function () {
  "use strict";
  var EVERY = 1000, seen = null, count = 0;

  window.esvStamp = function (stamp) {
    if (seen !== null && stamp !== seen) location.reload();
    seen = stamp;
  };

  function ask() {
    var script = document.createElement("script");
    // While the new site takes the place of the old one there may be no answer: the next one counts.
    script.onload = script.onerror = function () {
      script.remove();
      setTimeout(ask, EVERY);
    };
    script.src = "/-/stamp.js?" + (count += 1);
    document.head.appendChild(script);
  }

  if (location.protocol.indexOf("http") === 0) ask();
})();
