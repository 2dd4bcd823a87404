"use strict";

const path = require("node:path");

require("./preload.cjs");
const { correctPrints } = require("./lib/prints.cjs");
const { isPointed, wranglerFolder } = require("./lib/project.cjs");
const { chosen } = require("./lib/redirect.cjs");

/**
 * @typedef {import("./lib/server.cjs").FogbankOptions} FogbankOptions
 *
 * @typedef {object} PlatformProxy what wrangler answers
 * @property {any} env the bindings of the wrangler config
 * @property {any} cf
 * @property {any} ctx
 * @property {any} caches
 * @property {() => Promise<void>} dispose
 */

/**
 * `getPlatformProxy` of the project's own wrangler, with the AI binding served by Fogbank.
 *
 * The project is the folder of `configPath`, else the current one. Other bindings that say
 * `remote = true` still want a login, unless `remoteBindings: false` is among the options.
 *
 * @param {{configPath?: string, environment?: string} & Record<string, any>} [options] wrangler's
 * @param {FogbankOptions} [fogbank]
 * @returns {Promise<PlatformProxy>}
 * @throws {Error} where there is no wrangler, or the program loaded its Miniflare before this file
 */
async function getPlatformProxy(options = {}, fogbank = {}) {
  const folder = path.resolve(options.configPath ? path.dirname(options.configPath) : ".");
  const wrangler = wranglerFolder(folder);
  if (!isPointed(wrangler)) {
    throw new Error(
      "Fogbank: wrangler was loaded before fogbank-worker/platform-proxy. Load it after, or start" +
        " Node with --require fogbank-worker/preload.",
    );
  }
  correctPrints(fogbank);
  return chosen.run(fogbank, () => require(wrangler).getPlatformProxy(options));
}

module.exports = { getPlatformProxy };
