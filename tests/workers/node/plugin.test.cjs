// What Miniflare is handed by the plugin: worker/plugin.cjs.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { plugins, specifier } = require("../../../worker/plugin.cjs");

const { fogbank } = plugins;
const ONE = { url: "http://127.0.0.1:1", key: "first" };
const TWO = { url: "http://127.0.0.1:1", key: "second" };

/** @returns what Miniflare 4 hands over: the bindings of this plugin alone */
function four(bindings) {
  return Object.entries(bindings).map(([name, options]) => ({
    name,
    type: "ai",
    plugin: specifier,
    options,
  }));
}

/** @returns what Miniflare 5 hands over: the whole worker, with what is not ours */
function five(bindings) {
  const ours = Object.entries(bindings).map(([name, options]) => [
    name,
    { type: "unsafe:ai", dev: { plugin: specifier, options } },
  ]);
  const others = {
    KV: { type: "kv", id: "x" },
    ELSE: { type: "unsafe:ai", dev: { plugin: { package: "else", name: "else" } } },
  };
  return { config: { name: "worker", env: { ...Object.fromEntries(ours), ...others } } };
}

for (const [release, worker] of Object.entries({ four, five })) {
  test(`${release}: a binding is workerd's own, around an external server`, () => {
    const [binding, ...more] = fogbank.getBindings(worker({ AI: ONE }));
    const [service] = fogbank.getServices({ options: worker({ AI: ONE }) });
    assert.deepEqual(more, []);
    assert.equal(binding.name, "AI");
    assert.equal(binding.wrapped.moduleName, "cloudflare-internal:ai-api");
    assert.deepEqual(binding.wrapped.innerBindings, [
      { name: "fetcher", service: { name: service.name } },
    ]);
    assert.equal(service.external.address, "127.0.0.1:1");
  });

  test(`${release}: bindings share a service if they share address and key`, () => {
    const options = worker({ A: ONE, B: { ...ONE }, C: TWO });
    const [a, b, c] = fogbank.getServices({ options }).map(({ name }) => name);
    assert.equal(a, b);
    assert.notEqual(a, c);
    assert.doesNotMatch(a + c, /first|second/);
  });
}

test("a worker without a binding of ours has none", () => {
  for (const worker of [undefined, [], five({}), { config: { name: "bare" } }]) {
    assert.deepEqual(fogbank.getBindings(worker), []);
    assert.deepEqual(fogbank.getServices({ options: worker }), []);
    assert.deepEqual(fogbank.getNodeBindings(worker), {});
  }
});

test("options may be left out of a wrangler.toml", () => {
  const env = { AI: { type: "unsafe:ai", dev: { plugin: specifier } } };
  assert.equal(fogbank.getBindings({ config: { env } }).length, 1);
});
