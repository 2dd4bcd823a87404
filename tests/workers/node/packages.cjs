// Packages that stand in for npm's, in a folder of their own.
"use strict";

const { spawnSync } = require("node:child_process");
const { mkdirSync, mkdtempSync, realpathSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");

const WORKER = path.resolve(__dirname, "..", "..", "..", "worker");
const PRELOAD = path.join(WORKER, "preload.cjs");

/** Writes files, told by their paths, into a fresh folder, which it returns. */
function project(files) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "fogbank-")));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

/** The files of a package miniflare whose class keeps what it is given. */
function miniflare(version, home = "node_modules/miniflare") {
  return {
    [`${home}/package.json`]: JSON.stringify({ version, main: "./dist/src/index.js" }),
    [`${home}/dist/src/index.js`]: `
      class Miniflare {
        constructor(options) { this.options = options; }
        setOptions(options) { this.options = options; }
      }
      const exported = {};
      for (const [name, value] of Object.entries({ Miniflare, Log: class Log {} })) {
        Object.defineProperty(exported, name, { get: () => value, enumerable: true });
      }
      module.exports = exported;
      0 && (module.exports = { Miniflare, Log });`,
  };
}

/** The files of a package wrangler that says what it would ask Cloudflare for. */
function wrangler(version, home = "node_modules/wrangler") {
  return {
    [`${home}/package.json`]: JSON.stringify({ version, main: "wrangler-dist/cli.js" }),
    [`${home}/wrangler-dist/cli.js`]: `
      function pickRemoteBindings(bindings2) {
        return Object.fromEntries(Object.entries(bindings2 ?? {}).filter(([, b]) =>
          b.type === "ai" || b.remote));
      }
      const { Miniflare } = (() => { try { return require("miniflare"); } catch { return {}; } })();
      exports.remote = pickRemoteBindings;
      exports.getPlatformProxy = async (options) => {
        await null;
        return { options, miniflare: new Miniflare({ ai: { binding: "AI" } }).options };
      };
      if (require.main === module) {
        console.log("wrangler runs", JSON.stringify(process.argv.slice(2)));
        console.warn("AI bindings always access remote resources, and so may incur charges.");
        console.warn("AI bindings always access remote resources, and so may incur charges.");
        console.log("env.KV (x)   KV Namespace   remote\\nenv.AI       AI             remote");
        console.log("\\x1b[37menv.C\\x1b[39m   \\x1b[31mAI  \\x1b[39m  \\x1b[33mremote\\x1b[39m");
        console.log("The Worker logs: is AI not supported, or AI remote?");
      }`,
  };
}

/** What a Node program does under the preload. */
function run(file, { args = [], cwd = path.dirname(file), ...env } = {}) {
  const { PATH, TMPDIR } = process.env;
  const options = { PATH, ...(TMPDIR && { TMPDIR }), NODE_OPTIONS: `--require ${PRELOAD}`, ...env };
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd,
    env: options,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

module.exports = { PRELOAD, WORKER, miniflare, project, run, wrangler };
