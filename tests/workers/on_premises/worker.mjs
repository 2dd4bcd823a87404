// The witness, with everything that a bundle may consist of.

import { Buffer } from "node:buffer";
import add from "./add.wasm";
import bytes from "./three.bin";
import words from "./words.txt";
import witness from "./witness.mjs";

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/made-of") return madeOf(request, env);
    if (pathname === "/raw") return raw(request, env);
    return witness.fetch(request, env, context);
  },
};

/** What the modules and the bindings are. */
async function madeOf(request, env) {
  const { exports } = await WebAssembly.instantiate(add);
  const { GREETING, LINES, LIMITS, TOKEN, ABSENT } = env;
  return Response.json({
    url: request.url,
    sum: exports.add(2, 3),
    bytes: Buffer.from(bytes).toString("hex"),
    words,
    bindings: { GREETING, LINES, LIMITS, TOKEN, ABSENT },
  });
}

/** A run whose answer the Worker wants as it came. */
async function raw(request, env) {
  const { model, inputs } = await request.json();
  const answer = await env.AI.run(model, inputs, { returnRawResponse: true });
  return Response.json({
    class: answer.constructor.name,
    status: answer.status,
    type: answer.headers.get("content-type"),
    id: answer.headers.get("cf-ai-req-id"),
    body: await answer.text(),
  });
}
