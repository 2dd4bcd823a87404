import { createRequire } from "node:module";

import { defineWorkersConfig } from "@cloudflare/vitest-pool-workers/config";

// By require, so that Vite does not bundle it into the configuration.
const { withFogbank } = createRequire(import.meta.url)("../../worker/vitest.cjs");

export default defineWorkersConfig({
  test: {
    poolOptions: {
      workers: withFogbank({ wrangler: { configPath: "./wrangler.toml" } }),
    },
  },
});
