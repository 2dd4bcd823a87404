/** A Worker as Cloudflare would run it: one question in the path, its answer as it comes. */

const MODEL = "@cf/meta/llama-3.1-8b-instruct";

export default {
  async fetch(request, env) {
    const prompt = decodeURIComponent(new URL(request.url).pathname.slice(1));
    const stream = await env.AI.run(MODEL, { prompt, stream: true });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  },
};
