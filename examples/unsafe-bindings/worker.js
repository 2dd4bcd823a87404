/** The body of a POST as the prompt, the model's answer as plain text. */

const MODEL = "@cf/meta/llama-3.1-8b-instruct";

export default {
  async fetch(request, env) {
    if (request.method !== "POST") {
      const how = "POST a question: curl URL -d 'What is the capital of France?'\n";
      return new Response(how, { status: 405, headers: { allow: "POST" } });
    }
    try {
      const { response } = await env.AI.run(MODEL, { prompt: await request.text() });
      return new Response(`${response}\n`);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}\n`, { status: 502 });
    }
  },
};
