const QUESTION = "What is the capital of France?";

export default {
  /** Answers `?q=...` in server-sent events, token by token. */
  async fetch(request, env) {
    const question = new URL(request.url).searchParams.get("q") ?? QUESTION;
    const messages = [
      { role: "system", content: "Answer in one sentence." },
      { role: "user", content: question },
    ];
    try {
      const stream = await env.AI.run(env.MODEL, { messages, stream: true });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    } catch (error) {
      return new Response(`${error.name}: ${error.message}\n`, { status: 502 });
    }
  },
};
