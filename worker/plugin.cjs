"use strict";

/**
 * A plugin for Miniflare 4 and 5: an AI binding that is served by Fogbank.
 *
 * The Worker gets workerd's own binding, class `Ai` and all, whose requests go to Fogbank instead
 * of Cloudflare.
 */

const { createHash } = require("node:crypto");
const { warnIfAbsent } = require("./lib/probe.cjs");
const { external } = require("./lib/server.cjs");

/**
 * @typedef {import("./lib/server.cjs").FogbankOptions} FogbankOptions
 *
 * @typedef {object} UnsafeBinding a binding of Miniflare 4's worker options
 * @property {string} name
 * @property {string} type
 * @property {{package: string, name: string}} plugin
 * @property {FogbankOptions} options
 *
 * @typedef {object} EnvBinding a binding of Miniflare 5's `config.env`
 * @property {string} type
 * @property {{plugin?: {package: string, name: string}, options?: FogbankOptions}} [dev]
 *
 * @typedef {UnsafeBinding[] | {config: {env?: Record<string, EnvBinding>}} | undefined} WorkerOptions
 * what Miniflare hands to a plugin: 4 its bindings, 5 the whole worker
 */

const NAME = "fogbank";

/** What `plugin` is in `unsafeBindings` of Miniflare, and in `unsafe.bindings.dev` of wrangler. */
const specifier = { package: __filename, name: NAME };

/**
 * The worker's bindings of this plugin, by name.
 *
 * @param {WorkerOptions} worker
 * @returns {[string, FogbankOptions][]}
 */
function bindingsOf(worker) {
  if (worker === undefined) {
    return [];
  }
  if (Array.isArray(worker)) {
    return worker.map(({ name, options }) => [name, options]);
  }
  return Object.entries(worker.config.env ?? {})
    .filter(([, { dev }]) => dev?.plugin?.name === NAME)
    .map(([name, { dev }]) => [name, dev?.options ?? {}]);
}

/**
 * The name of the service of these options: bindings that share options share it.
 *
 * @param {FogbankOptions} options
 * @returns {string}
 */
function serviceName(options) {
  const digest = createHash("sha256").update(JSON.stringify(external(options))).digest("hex");
  return `${NAME}:${digest.slice(0, 16)}`;
}

/**
 * Miniflare's mark for "reach this through the runtime", of the Miniflare that calls.
 *
 * A process may hold several Miniflares, and each knows its own class only.
 *
 * @returns {object}
 */
function proxyNodeBinding() {
  const prepare = Error.prepareStackTrace;
  /** @type {(string | null | undefined)[]} */
  let files;
  try {
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName());
    files = /** @type {any} */ (new Error().stack);
  } finally {
    Error.prepareStackTrace = prepare;
  }
  for (const file of files) {
    const found = file && file !== __filename && require.cache[file]?.exports.ProxyNodeBinding;
    if (found) {
      return new found();
    }
  }
  throw new Error("Fogbank: this Miniflare does not offer its bindings to Node programs.");
}

const plugin = {
  bindingTypeDescription: "AI (Fogbank)",

  /** @param {WorkerOptions} worker */
  getBindings(worker) {
    return bindingsOf(worker).map(([name, options]) => ({
      name,
      wrapped: {
        moduleName: "cloudflare-internal:ai-api",
        innerBindings: [{ name: "fetcher", service: { name: serviceName(options) } }],
      },
    }));
  },

  /** @param {WorkerOptions} worker */
  getNodeBindings(worker) {
    return Object.fromEntries(bindingsOf(worker).map(([name]) => [name, proxyNodeBinding()]));
  },

  /** @param {{options: WorkerOptions}} given */
  getServices({ options: worker }) {
    return bindingsOf(worker).map(([, options]) => {
      warnIfAbsent(options);
      return { name: serviceName(options), external: external(options) };
    });
  },
};

const plugins = { [NAME]: plugin };

module.exports = { plugins, specifier };
