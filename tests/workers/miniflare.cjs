// Serves a Worker by Miniflare's API: node miniflare.cjs MINIFLARE WORKER FOGBANK_URL
"use strict";

const [miniflare, worker, url] = process.argv.slice(2);
const { Miniflare, convertV4MiniflareOptions } = require(miniflare);

const options = {
  host: "127.0.0.1",
  port: 0,
  modules: true,
  scriptPath: worker,
  compatibilityDate: "2025-10-01",
  ai: { binding: "AI", remoteProxyConnectionString: new URL(url) },
};
const server = new Miniflare(convertV4MiniflareOptions?.(options) ?? options);
server.ready.then((address) => console.log(`Ready on ${address}`));
process.on("SIGINT", () => server.dispose().then(() => process.exit(0)));
