"use strict";

const { AsyncLocalStorage } = require("node:async_hooks");
const { external } = require("./server.cjs");
const { specifier } = require("../plugin.cjs");

/**
 * @typedef {import("./server.cjs").FogbankOptions} FogbankOptions
 * @typedef {Record<string, any>} Options Miniflare's, of whichever release
 */

/** @type {AsyncLocalStorage<FogbankOptions>} */
const chosen = new AsyncLocalStorage();

/**
 * Miniflare's options with every AI binding served by Fogbank. All else stays as it is.
 *
 * @template {Options} T
 * @param {T} options Miniflare 4's, or Miniflare 5's, for one worker or with `workers`
 * @param {FogbankOptions} [fogbank]
 * @returns {T}
 * @throws {Error} for an address or a key that cannot be used
 */
function redirected(options, fogbank = chosen.getStore() ?? {}) {
  if (Array.isArray(options.workers)) {
    const workers = options.workers.map((worker) => ofWorker(worker, fogbank));
    return { ...ofWorker(options, fogbank), workers };
  }
  return ofWorker(options, fogbank);
}

/**
 * @template {Options} T
 * @param {T} worker
 * @param {FogbankOptions} fogbank
 * @returns {T}
 */
function ofWorker(worker, fogbank) {
  if (worker.ai?.binding) {
    external(fogbank);
    const unsafeBindings = [...(worker.unsafeBindings ?? []), unsafe(worker.ai.binding, fogbank)];
    return { ...worker, ai: undefined, unsafeBindings };
  }
  if (worker.config?.env) {
    return { ...worker, config: { ...worker.config, env: ofEnv(worker.config.env, fogbank) } };
  }
  return worker;
}

/**
 * A binding among `unsafeBindings` of Miniflare 4.
 *
 * @param {string} name
 * @param {FogbankOptions} options
 * @returns {import("../plugin.cjs").UnsafeBinding}
 */
function unsafe(name, options) {
  return { name, type: "ai", plugin: specifier, options };
}

/**
 * The `env` of a worker's `config` of Miniflare 5.
 *
 * @param {Record<string, any>} env
 * @param {FogbankOptions} fogbank
 * @returns {Record<string, any>}
 */
function ofEnv(env, fogbank) {
  const ours = { type: "unsafe:ai", dev: { plugin: specifier, options: fogbank } };
  const entries = Object.entries(env).map(([name, binding]) => {
    const isAi = binding?.type === "ai";
    if (isAi) {
      external(fogbank);
    }
    return [name, isAi ? ours : binding];
  });
  return Object.fromEntries(entries);
}

module.exports = { chosen, redirected, unsafe };
