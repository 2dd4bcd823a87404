// Calls in OpenAI's form, which no model of Fogbank's tests makes: examples/tools/worker.js.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

/** What the Worker answers where the model wants this call. */
async function answered(call) {
  const said = [{ tool_calls: [call] }, { response: "So it is." }];
  const { default: worker } = await import("../../../examples/tools/worker.js");
  const request = new Request("http://worker/", { method: "POST", body: "Compute it" });
  const response = await worker.fetch(request, { AI: { run: async () => said.shift() } });
  return [response.status, await response.json()];
}

function calculate(given) {
  return { id: "call_1", type: "function", function: { name: "calculate", arguments: given } };
}

test("arguments are JSON text", async () => {
  const expression = "6 * 7";
  const calls = [{ name: "calculate", arguments: { expression }, result: 42 }];
  const found = await answered(calculate(JSON.stringify({ expression })));
  assert.deepEqual(found, [200, { answer: "So it is.", calls }]);
});

test("the model is told of arguments that are none", async () => {
  for (const given of ["", '{"expression": "6', "null"]) {
    const [status, { calls }] = await answered(calculate(given));
    assert.equal(status, 200);
    assert.equal(calls[0].name, "calculate");
    assert.ok(calls[0].error);
  }
});
