"use strict";

const { existsSync } = require("node:fs");
const path = require("node:path");
const { fileURLToPath } = require("node:url");

const { correctPrints } = require("./lib/prints.cjs");
const { wranglerFolder } = require("./lib/project.cjs");
const { redirected, unsafe } = require("./lib/redirect.cjs");
const { external } = require("./lib/server.cjs");

/**
 * @typedef {import("./lib/server.cjs").FogbankOptions} FogbankOptions
 *
 * @typedef {object} Pool options of the Workers pool, of which these are looked at
 * @property {{configPath?: string, environment?: string}} [wrangler]
 * @property {Record<string, any>} [miniflare]
 */

/** Where the binding of the wrangler config goes that cannot be removed; nothing answers there. */
const UNUSED = "FOGBANK_UNUSED";

/**
 * Options of Cloudflare's Workers pool for Vitest with every AI binding served by Fogbank.
 *
 * `poolOptions.workers` of Vitest 3, the argument of `cloudflareTest` of Vitest 4:
 *
 *     workers: withFogbank({ wrangler: { configPath: "./wrangler.toml" } })
 *     plugins: [cloudflareTest(withFogbank({ wrangler: { configPath: "./wrangler.toml" } }))]
 *
 * @template {Pool} T
 * @param {T} pool
 * @param {FogbankOptions} [fogbank]
 * @returns {T & {remoteBindings: false}}
 * @throws {Error} for a wrangler config that is not there, or an address or a key of no use
 */
function withFogbank(pool, fogbank = {}) {
  correctPrints(fogbank);
  const given = redirected(pool.miniflare ?? {}, fogbank);
  const { name, stays } = declared(pool.wrangler);
  const miniflare = { ...given };
  if (name) {
    external(fogbank);
    miniflare.unsafeBindings = [...(given.unsafeBindings ?? []), unsafe(name, fogbank)];
  }
  if (stays) {
    // The pool lays these options over those of the wrangler config, where nothing can be removed.
    miniflare.ai = { binding: UNUSED };
  } else {
    delete miniflare.ai;
  }
  return { ...pool, remoteBindings: false, miniflare };
}

/**
 * What a wrangler config says of its AI binding: its name, and whether wrangler hands it to the
 * pool although it cannot be served locally.
 *
 * @param {Pool["wrangler"]} wrangler
 * @returns {{name?: string, stays?: boolean}}
 */
function declared(wrangler) {
  if (!wrangler?.configPath) {
    return {};
  }
  const { configPath, environment: env } = wrangler;
  const config = path.resolve(
    configPath.startsWith("file:") ? fileURLToPath(configPath) : configPath,
  );
  if (!existsSync(config)) {
    throw new Error(
      `Fogbank: there is no ${config}. A relative \`wrangler.configPath\` is looked for from where` +
        " Vitest was started; give an absolute path otherwise.",
    );
  }
  const api = require(wranglerFolder(path.dirname(config)));
  const { ai } = api.unstable_readConfig({ config, env }, { hideWarnings: true });
  if (!ai) {
    return {};
  }
  const { workerOptions } = api.unstable_getMiniflareWorkerOptions(config, env);
  return { name: ai.binding, stays: workerOptions.ai !== undefined };
}

module.exports = { withFogbank };
