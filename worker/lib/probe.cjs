"use strict";

const net = require("node:net");

const { parsed, portOf } = require("./server.cjs");

const MILLISECONDS = 3000;

/** @type {Set<string>} */
const asked = new Set();

/**
 * Says in one line, and once, that nothing listens where Fogbank should.
 *
 * A Worker is told no more than "Network connection lost." Neither waits nor keeps Node running.
 *
 * @param {import("./server.cjs").FogbankOptions} [fogbank]
 */
function warnIfAbsent(fogbank) {
  const url = parsed(fogbank);
  if (asked.has(url.origin)) {
    return;
  }
  asked.add(url.origin);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket = net.connect({ host, port: portOf(url), timeout: MILLISECONDS });
  const warn = () => {
    socket.destroy();
    console.error(
      `Fogbank does not answer at ${url.origin}, so env.AI will fail there.` +
        " Start it with `fogbank serve`, or say in FOGBANK_URL where it is.",
    );
  };
  socket.once("connect", () => socket.destroy()).once("timeout", warn).once("error", warn);
  socket.unref();
}

module.exports = { warnIfAbsent };
