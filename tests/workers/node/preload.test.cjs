// What --require of worker/preload.cjs does to a Node program.
"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");

const { PRELOAD, miniflare, project, run, wrangler } = require("./packages.cjs");

const SHOW = `
  const mf = new Miniflare({ ai: { binding: "AI" }, kvNamespaces: ["KV"] });
  const first = mf.options;
  mf.setOptions({ ai: { binding: "B" } });
  console.log(JSON.stringify([first, mf.options, typeof Log]));`;
const REQUIRED = { "main.cjs": `const { Miniflare, Log } = require("miniflare");${SHOW}` };
const IMPORTED = { "main.mjs": `import { Miniflare, Log } from "miniflare";${SHOW}` };
const PLUGGED = [
  { kvNamespaces: ["KV"], unsafeBindings: [binding("AI")] },
  { unsafeBindings: [binding("B")] },
  "function",
];

function binding(name) {
  const plugin = { package: path.join(path.dirname(PRELOAD), "plugin.cjs"), name: "fogbank" };
  return { name, type: "ai", plugin, options: {} };
}

test("Miniflare's AI bindings become the plugin's, required or imported", () => {
  for (const main of [REQUIRED, IMPORTED]) {
    const folder = project({ ...miniflare("4.20260426.0"), ...main });
    const { stdout, stderr } = run(path.join(folder, Object.keys(main)[0]));
    assert.deepEqual(JSON.parse(stdout), PLUGGED);
    assert.equal(stderr, "");
  }
});

test("a worker thread has the preload too", () => {
  const main = `const { Worker } = require("node:worker_threads");
    new Worker(${JSON.stringify(REQUIRED["main.cjs"])}, { eval: true });`;
  const folder = project({ ...miniflare("4.20260426.0"), "main.cjs": main });
  assert.deepEqual(JSON.parse(run(path.join(folder, "main.cjs")).stdout), PLUGGED);
});

test("one line for a Miniflare that is newer than known, which is pointed all the same", () => {
  const folder = project({ ...miniflare("6.1.0"), ...REQUIRED });
  const { stdout, stderr } = run(path.join(folder, "main.cjs"));
  assert.deepEqual(JSON.parse(stdout), PLUGGED);
  assert.match(stderr, /^Fogbank: Miniflare 6\.1\.0 is newer .*\n$/);
});

test("a Miniflare that is too old stays as it is", () => {
  const folder = project({ ...miniflare("3.20250718.3"), ...REQUIRED });
  const [first] = JSON.parse(run(path.join(folder, "main.cjs")).stdout);
  assert.deepEqual(first.ai, { binding: "AI" });
});

test("other programs, with other hooks and options, are as they were", () => {
  const folder = project({
    "main.cjs": `console.log(Object.keys(require.cache).length, require("./other.js"));`,
    "other.js": "module.exports = 42;",
    "hook.cjs": `const load = require.extensions[".js"];
      require.extensions[".js"] = (module, file) => {
        load(module, file);
        if (file.endsWith("other.js")) module.exports += 1;
      };`,
  });
  const hook = path.join(folder, "hook.cjs");
  for (const options of [`--require ${hook} --require ${PRELOAD}`, `-r ${PRELOAD} -r ${hook}`]) {
    const { stdout, stderr } = run(path.join(folder, "main.cjs"), { NODE_OPTIONS: options });
    assert.match(stdout, / 43\n$/);
    assert.equal(stderr, "");
  }
  const { stdout } = run(path.join(folder, "main.cjs"));
  assert.equal(stdout, "2 42\n", "the preload loads nothing before it is needed");
});

test("wrangler asks Cloudflare for no AI binding, and for the others as before", () => {
  const main = `console.log(JSON.stringify(Object.keys(require("wrangler").remote({
    AI: { type: "ai" }, BRAIN: { type: "ai", remote: true }, KV: { type: "kv", remote: true } }))));`;
  for (const version of ["4.45.0", "4.164.0", "5.0.0"]) {
    const folder = project({ ...wrangler(version), "main.cjs": main });
    assert.deepEqual(JSON.parse(run(path.join(folder, "main.cjs")).stdout), ["KV"]);
  }
  const folder = project({ ...wrangler("4.44.0"), "main.cjs": main });
  assert.deepEqual(JSON.parse(run(path.join(folder, "main.cjs")).stdout), ["AI", "BRAIN", "KV"]);
});

const CLI = "node_modules/wrangler/wrangler-dist/cli.js";

test("wrangler dev says who serves AI, once, in place of its warning", () => {
  const folder = project(wrangler("4.86.0"));
  for (const args of [["dev"], ["--env", "x", "dev", "--port", "1"], ["pages", "dev"]]) {
    const asked = { args, FOGBANK_URL: "http://127.0.0.1:9" };
    const { stdout, stderr } = run(path.join(folder, CLI), asked);
    assert.ok(stdout.startsWith(`wrangler runs ${JSON.stringify(args)}\n`));
    assert.equal(stderr, "Fogbank serves env.AI from http://127.0.0.1:9: no account, no charges.\n");
    assert.match(stdout, /KV Namespace {3}remote\nenv.AI {7}AI {13}Fogbank\n/);
    assert.match(stdout, /AI {2}\x1b\[39m {2}\x1b\[33mFogbank\x1b\[39m\n/);
    assert.match(stdout, /\nThe Worker logs: is AI not supported, or AI remote\?\n/);
  }
});

test("one line for a wrangler that has no place for what makes it do without a login", () => {
  const files = wrangler("4.200.0");
  files[CLI] = files[CLI].replaceAll("pickRemoteBindings", "chooseRemoteBindings");
  const { stdout, stderr } = run(path.join(project(files), CLI), { args: ["dev"] });
  assert.match(stdout, /^wrangler runs/);
  assert.match(stderr, /^Fogbank: wrangler 4\.200\.0 is not known.*--local/);
  for (const args of [["deploy"], ["dev", "--local"], ["dev", "-l"]]) {
    const said = run(path.join(project(files), CLI), { args }).stderr;
    assert.doesNotMatch(said, /not known/);
  }
});

test("wrangler's other commands are untouched, whatever FOGBANK_URL says", () => {
  const folder = project(wrangler("4.86.0"));
  for (const args of [["deploy"], ["dev", "--remote"], ["dev", "-r"], ["-e", "dev", "deploy"], []]) {
    const { status, stdout, stderr } = run(path.join(folder, CLI), { args, FOGBANK_URL: "bad" });
    assert.equal(status, 0);
    assert.match(stdout, /AI {13}remote\n/);
    assert.match(stderr, /^AI bindings always/);
  }
});

test("wrangler dev does not start for an address or a key of no use", () => {
  const folder = project(wrangler("4.86.0"));
  for (const env of [{ FOGBANK_URL: "nonsense" }, { FOGBANK_KEY: "two words" }]) {
    const { status, stdout, stderr } = run(path.join(folder, CLI), { args: ["dev"], ...env });
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^Fogbank: FOGBANK_\w+ .*\n$/);
  }
});

test("a wrangler that is too old says so in one line and runs", () => {
  for (const version of ["3.114.17", "4.44.0"]) {
    const folder = project(wrangler(version));
    const { stdout, stderr } = run(path.join(folder, CLI), { args: ["dev"] });
    assert.match(stdout, /^wrangler runs/);
    const [line, next] = stderr.split("\n");
    assert.match(line, new RegExp(`^Fogbank: wrangler ${version} .*fogbank worker dev`));
    assert.match(next, /^AI bindings always/);
  }
});
