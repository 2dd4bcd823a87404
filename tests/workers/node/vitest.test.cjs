// The pool's options as worker/vitest.cjs writes them.
"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const { afterEach, beforeEach, test } = require("node:test");
const { pathToFileURL } = require("node:url");

const { specifier } = require("../../../worker/plugin.cjs");
const { withFogbank } = require("../../../worker/vitest.cjs");
const { project } = require("./packages.cjs");

const FOGBANK = { url: "http://127.0.0.1:1" };
const POOL = "node_modules/@cloudflare/vitest-pool-workers";

/** A project whose wrangler says `ai`, and whether it hands it on. */
function worker(ai, { stays, home = "node_modules/wrangler" } = {}) {
  return project({
    "wrangler.toml": "",
    [`${POOL}/package.json`]: "{}",
    [`${home}/package.json`]: "{}",
    [`${home}/index.js`]: `
      exports.unstable_readConfig = ({ config, env }) => {
        if (!require("node:path").isAbsolute(config)) throw new Error("relative");
        return { ai: env === "bare" ? undefined : ${JSON.stringify(ai)} };
      };
      exports.unstable_getMiniflareWorkerOptions = () => ({
        workerOptions: { ai: ${JSON.stringify(stays ? ai : undefined)} } });`,
  });
}

function unsafe(name) {
  return { name, type: "ai", plugin: specifier, options: FOGBANK };
}

const started = process.cwd();
beforeEach(() => process.chdir(started));
afterEach(() => process.chdir(started));

test("the binding of the wrangler config, whose other options stay", () => {
  const folder = worker({ binding: "BRAIN" });
  const wrangler = { configPath: path.join(folder, "wrangler.toml"), environment: "x" };
  const pool = { wrangler, singleWorker: true, miniflare: { kvNamespaces: ["KV"] } };
  assert.deepEqual(withFogbank(pool, FOGBANK), {
    wrangler,
    singleWorker: true,
    remoteBindings: false,
    miniflare: { kvNamespaces: ["KV"], unsafeBindings: [unsafe("BRAIN")] },
  });
});

test("where wrangler hands on a binding that it cannot serve, that one is put aside", () => {
  const folder = worker({ binding: "AI" }, { stays: true });
  const wrangler = { configPath: pathToFileURL(path.join(folder, "wrangler.toml")).href };
  const { miniflare } = withFogbank({ wrangler }, FOGBANK);
  const ai = { binding: "FOGBANK_UNUSED" };
  assert.deepEqual(miniflare, { unsafeBindings: [unsafe("AI")], ai });
});

test("the wrangler is the pool's where the project has none", () => {
  const folder = worker({ binding: "AI" }, { home: `${POOL}/node_modules/wrangler` });
  process.chdir(folder);
  const { miniflare } = withFogbank({ wrangler: { configPath: "./wrangler.toml" } }, FOGBANK);
  assert.deepEqual(miniflare.unsafeBindings, [unsafe("AI")]);
});

test("bindings of the test's own options, and of auxiliary workers", () => {
  const { miniflare } = withFogbank(
    { miniflare: { ai: { binding: "A" }, workers: [{ name: "b", ai: { binding: "B" } }] } },
    FOGBANK,
  );
  assert.deepEqual(miniflare.unsafeBindings, [unsafe("A")]);
  assert.deepEqual(miniflare.workers[0].unsafeBindings, [unsafe("B")]);
  assert.ok(!("ai" in miniflare));
});

test("a bad address is refused where the options are written", () => {
  const configPath = path.join(worker({ binding: "AI" }), "wrangler.toml");
  assert.throws(() => withFogbank({ wrangler: { configPath } }, { url: "nonsense" }), /nonsense/);
});

test("an environment without an AI binding gets none", () => {
  const configPath = path.join(worker({ binding: "AI" }), "wrangler.toml");
  const { miniflare } = withFogbank({ wrangler: { configPath, environment: "bare" } }, FOGBANK);
  assert.deepEqual(miniflare, {});
});

test("a config that is not there is named in full", () => {
  process.chdir(worker({ binding: "AI" }));
  const missing = { wrangler: { configPath: "no.toml" } };
  assert.throws(() => withFogbank(missing), new RegExp(path.join(process.cwd(), "no.toml")));
});

test("without any wrangler it says how to get one", () => {
  const configPath = path.join(project({ "wrangler.toml": "" }), "wrangler.toml");
  assert.throws(() => withFogbank({ wrangler: { configPath } }), /npm install -D wrangler/);
});
