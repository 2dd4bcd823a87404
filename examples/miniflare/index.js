/** Miniflare's API in a Node program: asks a Worker one question and prints what it streams. */

import { fileURLToPath } from "node:url";

import { Miniflare } from "miniflare";

import { withFogbank } from "../../worker/miniflare.cjs";

const mf = new Miniflare(
  withFogbank({
    modules: true,
    scriptPath: fileURLToPath(new URL("worker.js", import.meta.url)),
    compatibilityDate: "2025-10-01",
    ai: { binding: "AI" },
  }),
);

try {
  const question = process.argv[2] ?? "What is the capital of France?";
  const response = await mf.dispatchFetch(`http://worker/${encodeURIComponent(question)}`);
  if (!response.ok) {
    throw new Error(await response.text());
  }
  let text = "";
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split("\n");
    text = lines.pop(); // a part may end anywhere
    for (const line of lines.filter((line) => line.startsWith("data: {"))) {
      process.stdout.write(JSON.parse(line.slice("data: ".length)).response ?? "");
    }
  }
  process.stdout.write("\n");
} finally {
  await mf.dispose();
}
