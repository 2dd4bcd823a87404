"use strict";

const { redirected } = require("./lib/redirect.cjs");

/** @typedef {import("./lib/server.cjs").FogbankOptions} FogbankOptions */

/**
 * Options for Miniflare 4 or 5 with every AI binding served by Fogbank:
 *
 *     const mf = new Miniflare(withFogbank({ modules: true, script, ai: { binding: "AI" } }));
 *
 * Miniflare 5 takes its own form, or Miniflare 4's through `convertV4MiniflareOptions`, which then
 * goes around this call.
 *
 * @template {Record<string, any>} T
 * @param {T} options Miniflare's, for one worker or with `workers`
 * @param {FogbankOptions} [fogbank]
 * @returns {T}
 * @throws {Error} for an address or a key that cannot be used
 */
function withFogbank(options, fogbank) {
  return redirected(options, fogbank);
}

module.exports = { withFogbank };
