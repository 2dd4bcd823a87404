/** A Node program with a Worker's bindings, as the dev servers of web frameworks have them. */

import { fileURLToPath } from "node:url";

import { getPlatformProxy } from "../../worker/platform-proxy.cjs";

const MODEL = "@cf/meta/llama-3.1-8b-instruct";
const { env, dispose } = await getPlatformProxy({
  configPath: fileURLToPath(new URL("wrangler.toml", import.meta.url)),
  persist: false,
});

try {
  const prompt = process.argv[2] ?? env.QUESTION;
  const { response } = await env.AI.run(MODEL, { prompt });
  console.log(response);
} finally {
  await dispose();
}
