// wrangler's getPlatformProxy as worker/platform-proxy.cjs calls it.
"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");

const { WORKER, miniflare, project, run, wrangler } = require("./packages.cjs");

const OURS = JSON.stringify(path.join(WORKER, "platform-proxy.cjs"));
const ASK = `
  const ask = (...given) => getPlatformProxy(...given).then(
    (found) => console.log(JSON.stringify(found)), ({ message }) => console.log(message));`;

/** What a program prints that has the packages and calls `ask`. */
function printed(before, calls, files = {}) {
  const packages = { ...miniflare("4.20260426.0"), ...wrangler("4.86.0") };
  const main = `${before}\nconst { getPlatformProxy } = require(${OURS});\n${ASK}\n${calls}`;
  const folder = project({ ...packages, ...files, "main.cjs": main });
  return run(path.join(folder, "main.cjs"), { NODE_OPTIONS: "" }).stdout.trim().split("\n");
}

test("wrangler's own, with its options, at the server that it is told", () => {
  const [line] = printed("", `ask({ configPath: "wrangler.toml" }, { url: "http://127.0.0.1:1" });`);
  const { options, miniflare: given } = JSON.parse(line);
  assert.deepEqual(options, { configPath: "wrangler.toml" });
  assert.deepEqual(given.unsafeBindings[0].options, { url: "http://127.0.0.1:1" });
});

test("two at a time do not share what they are told", () => {
  const calls = `ask({}, { key: "a" }); ask({}, { key: "b" }); ask();`;
  const found = printed("", calls).map((line) => JSON.parse(line).miniflare.unsafeBindings[0]);
  assert.deepEqual(
    found.map(({ options }) => options),
    [{ key: "a" }, { key: "b" }, {}],
  );
});

test("the wrangler is the one of the config's folder", () => {
  const files = wrangler("4.99.0", "far/node_modules/wrangler");
  files["far/node_modules/wrangler/wrangler-dist/cli.js"] += `
    exports.getPlatformProxy = async () => "the far one";`;
  assert.deepEqual(printed("", `ask({ configPath: "far/wrangler.toml" });`, files), [
    '"the far one"',
  ]);
});

test("it says what to do when wrangler came first, or is not there", () => {
  const [late] = printed(`require("wrangler");`, "ask();");
  assert.match(late, /^Fogbank: wrangler was loaded before .* --require fogbank-worker\/preload/);
  const folder = project({ "main.cjs": `const { getPlatformProxy } = require(${OURS});${ASK}ask();` });
  const { stdout } = run(path.join(folder, "main.cjs"), { NODE_OPTIONS: "" });
  assert.match(stdout, /^Fogbank: there is no wrangler in .*npm install -D wrangler/);
});
