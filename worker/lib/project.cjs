"use strict";

const { existsSync, realpathSync } = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

/** Packages that bring a wrangler of their own. */
const POOLS = ["@cloudflare/vitest-pool-workers", "@cloudflare/vitest-plugin"];

/**
 * Where the wrangler of a project lies: its own, else the one that its test pool brings.
 *
 * @param {string} folder of the project
 * @returns {string}
 * @throws {Error} where there is none
 */
function wranglerFolder(folder) {
  const homes = [folder, ...POOLS.flatMap((pool) => packageFolder(pool, folder) ?? [])];
  for (const home of homes) {
    const found = packageFolder("wrangler", home);
    if (found) {
      return found;
    }
  }
  throw new Error(
    `Fogbank: there is no wrangler in ${folder} or above. Install it: npm install -D wrangler`,
  );
}

/**
 * Whether the preload came before the Miniflare of this wrangler.
 *
 * @param {string} wrangler its folder
 * @returns {boolean}
 */
function isPointed(wrangler) {
  const { Miniflare } = createRequire(path.join(wrangler, "package.json"))("miniflare");
  return Miniflare.isPointedAtFogbank === true;
}

/**
 * Where Node finds a package, whatever the package exports.
 *
 * @param {string} name
 * @param {string} from a folder
 * @returns {string | undefined}
 */
function packageFolder(name, from) {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const found = path.join(folder, "node_modules", name);
    if (existsSync(path.join(found, "package.json"))) {
      return realpathSync(found);
    }
    if (folder === path.dirname(folder)) {
      return undefined;
    }
  }
}

module.exports = { isPointed, wranglerFolder };
