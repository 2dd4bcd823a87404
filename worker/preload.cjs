"use strict";

/**
 * Points `env.AI` of every Worker that wrangler runs at Fogbank, whatever its wrangler.toml says:
 *
 *     NODE_OPTIONS="--require /path/to/preload.cjs" npx wrangler dev
 *
 * Every Node program below inherits NODE_OPTIONS. Those that load neither Miniflare nor wrangler
 * pay for two comparisons of strings per CommonJS module.
 */

const Module = require("node:module");
const path = require("node:path");

const MINIFLARE = path.join("miniflare", "dist", "src", "index.js");
const WRANGLER = path.join("wrangler-dist", "cli.js");
const OLDEST_MINOR = 45;
const MAJORS = [4, 5];

/** @type {Record<string, (module: any, filename: string) => void>} */
const extensions = /** @type {any} */ (Module)._extensions;
const load = extensions[".js"];

extensions[".js"] = function (module, filename) {
  if (filename.endsWith(WRANGLER)) {
    prepareWrangler(module, version(filename, "../.."));
  }
  Reflect.apply(load, this, [module, filename]);
  if (filename.endsWith(MINIFLARE) && typeof module.exports.Miniflare === "function") {
    module.exports = pointed(module.exports, version(filename, "../../.."));
  }
};

/**
 * The version of the package that a file belongs to.
 *
 * @param {string} filename
 * @param {string} root of the package, from the file
 * @returns {string}
 */
function version(filename, root) {
  return require(path.join(filename, root, "package.json")).version;
}

/**
 * Makes the wrangler that is about to be loaded do without a login, or says why it cannot.
 *
 * @param {any} module
 * @param {string} release
 */
function prepareWrangler(module, release) {
  const { isDev, isLocal, withoutRemoteAi } = require("./lib/wrangler.cjs");
  const isProgram = process.argv[1]?.endsWith(WRANGLER);
  const runs = isProgram && isDev(process.argv.slice(2));
  const [major, minor] = release.split(".").map(Number);
  if (major < 4 || (major === 4 && minor < OLDEST_MINOR)) {
    if (runs) {
      console.error(
        `Fogbank: wrangler ${release} cannot be pointed by this preload, so env.AI stays with` +
          ` Cloudflare. Use wrangler 4.${OLDEST_MINOR} or later, or \`fogbank worker dev\`.`,
      );
    }
    return;
  }
  if (runs) {
    exitUnlessUsable();
  }
  if (runs || !isProgram) {
    require("./lib/prints.cjs").correctPrints();
  }
  const compile = module._compile;
  /** @type {(source: string, ...others: any[]) => unknown} */
  module._compile = (source, ...others) => {
    const changed = withoutRemoteAi(source);
    if (runs && changed === source && !isLocal(process.argv)) {
      console.error(`Fogbank: wrangler ${release} is not known; if it asks for a login, add --local.`);
    }
    return Reflect.apply(compile, module, [changed, ...others]);
  };
}

/** Ends the process for an address or a key of no use, before wrangler calls it a bug of its own. */
function exitUnlessUsable() {
  try {
    require("./lib/server.cjs").external();
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    process.exit(1);
  }
}

/**
 * The package, with a class `Miniflare` that points AI bindings at Fogbank.
 *
 * @param {Record<string, any>} miniflare
 * @param {string} release
 * @returns {Record<string, any>}
 */
function pointed(miniflare, release) {
  const major = Number.parseInt(release, 10);
  if (major < MAJORS[0]) {
    return miniflare;
  }
  if (!MAJORS.includes(major)) {
    console.error(
      `Fogbank: Miniflare ${release} is newer than this preload knows (${MAJORS.join(" and ")}).` +
        " If env.AI does not work, use an older wrangler.",
    );
  }
  const { redirected } = require("./lib/redirect.cjs");

  class Miniflare extends miniflare.Miniflare {
    static isPointedAtFogbank = true;

    /** @param {Record<string, any>} options */
    constructor(options) {
      super(redirected(options));
    }

    /** @param {Record<string, any>} options */
    setOptions(options) {
      return super.setOptions(redirected(options));
    }
  }

  // Its properties are getters that cannot be redefined, so a copy takes the package's place.
  const properties = Object.getOwnPropertyDescriptors(miniflare);
  return Object.create(null, { ...properties, Miniflare: { value: Miniflare, enumerable: true } });
}
