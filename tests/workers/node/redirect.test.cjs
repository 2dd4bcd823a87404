// Which of Miniflare's options are changed, and which are not: worker/miniflare.cjs.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { chosen, redirected } = require("../../../worker/lib/redirect.cjs");
const { withFogbank } = require("../../../worker/miniflare.cjs");
const { specifier } = require("../../../worker/plugin.cjs");

const FOGBANK = { url: "http://127.0.0.1:1" };
const OTHERS = { kvNamespaces: { KV: "x" }, d1Databases: ["DB"], unsafeBindings: [{ name: "X" }] };

test("Miniflare 4: the AI binding becomes the plugin's, all else stays", () => {
  const options = { ...OTHERS, ai: { binding: "BRAIN", remoteProxyConnectionString: "x" } };
  const before = structuredClone(options);
  assert.deepEqual(withFogbank(options, FOGBANK), {
    ...OTHERS,
    ai: undefined,
    unsafeBindings: [
      { name: "X" },
      { name: "BRAIN", type: "ai", plugin: specifier, options: FOGBANK },
    ],
  });
  assert.deepEqual(options, before);
});

test("Miniflare 4: every worker", () => {
  const [one, two, three] = withFogbank(
    { workers: [{ name: "a", ai: { binding: "A" } }, { name: "b" }, { ai: { binding: "C" } }] },
    FOGBANK,
  ).workers;
  assert.equal(one.unsafeBindings[0].name, "A");
  assert.deepEqual(two, { name: "b" });
  assert.equal(three.unsafeBindings[0].name, "C");
});

test("Miniflare 5: the AI binding becomes the plugin's, all else stays", () => {
  const KV = { type: "kv", id: "x" };
  const dev = { remoteProxyConnectionString: "x" };
  const env = { AI: { type: "ai", dev: { remote: true } }, KV };
  const [worker] = withFogbank({ workers: [{ config: { name: "a", env }, dev }] }, FOGBANK).workers;
  assert.deepEqual(worker, {
    config: {
      name: "a",
      env: { AI: { type: "unsafe:ai", dev: { plugin: specifier, options: FOGBANK } }, KV },
    },
    dev,
  });
});

test("options without an AI binding are handed on as they are", () => {
  for (const options of [{}, OTHERS, { ai: undefined }]) {
    assert.equal(redirected(options, FOGBANK), options);
  }
  assert.deepEqual(redirected({ workers: [OTHERS] }, FOGBANK), { workers: [OTHERS] });
});

test("a bad address is refused where the options are written", () => {
  const bad = { url: "nonsense" };
  assert.throws(() => withFogbank({ ai: { binding: "AI" } }, bad), /nonsense/);
  const env = { AI: { type: "ai" } };
  assert.throws(() => withFogbank({ workers: [{ config: { env } }] }, bad), /nonsense/);
  assert.doesNotThrow(() => withFogbank(OTHERS, bad));
});

test("what getPlatformProxy was told holds below it, and nowhere else", async () => {
  const asked = () => redirected({ ai: { binding: "AI" } }).unsafeBindings[0].options;
  const inside = await chosen.run(FOGBANK, async () => asked());
  assert.deepEqual(inside, FOGBANK);
  assert.deepEqual(asked(), {});
});
