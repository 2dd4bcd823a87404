// The Vercel AI SDK with Cloudflare's own provider: node ai_sdk.mjs URL MODEL EMBEDDINGS [GATEWAY]
import { embedMany, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";
import { createWorkersAI } from "workers-ai-provider";

const [url, model, embeddings, gateway] = process.argv.slice(2);
const ACCOUNT = "0123456789abcdef0123456789abcdef";

// Its hosts are constants; `fetch` is the only way to another server.
const redirected = (input, init) =>
  fetch(String(input).replace(/^https:\/\/(api|gateway\.ai)\.cloudflare\.com/, url), init);

const workersai = createWorkersAI({
  accountId: ACCOUNT,
  apiKey: "any",
  fetch: redirected,
  ...(gateway ? { gateway: { id: gateway } } : {}),
});

const schema = {
  type: "object",
  properties: { name: { type: "string", maxLength: 12 }, age: { type: "integer", minimum: 0, maximum: 99 } },
  required: ["name", "age"],
  additionalProperties: false,
};
const found = {};

const whole = await generateText({ model: workersai(model), prompt: "Say hello.", maxOutputTokens: 12 });
found.text = whole.text;
found.usage = whole.usage;
found.finish = whole.finishReason;

const stream = streamText({ model: workersai(model), prompt: "Say hello to me.", maxOutputTokens: 12 });
found.deltas = [];
for await (const delta of stream.textStream) found.deltas.push(delta);
found.streamFinish = await stream.finishReason;
found.streamUsage = await stream.usage;

const object = await generateText({
  model: workersai(model),
  prompt: "Ada is 36 years old.",
  output: Output.object({ schema: jsonSchema(schema) }),
  maxOutputTokens: 60,
});
found.object = object.output;

const calls = [];
const tools = {
  add_person: tool({
    description: "Adds a person to the list.",
    inputSchema: jsonSchema({
      ...schema,
      properties: {
        name: { type: "string", description: "the name", maxLength: 12 },
        age: { type: "integer", description: "the age in years", minimum: 0, maximum: 99 },
      },
    }),
    execute: async (input) => {
      calls.push(input);
      return { added: true };
    },
  }),
};
const tooled = await generateText({
  model: workersai(model),
  prompt: "Add Ada, who is 36.",
  tools,
  toolChoice: "required",
  stopWhen: stepCountIs(1),
  maxOutputTokens: 80,
});
found.calls = calls;
found.toolFinish = tooled.finishReason;

const vectors = await embedMany({ model: workersai.textEmbedding(embeddings), values: ["one", "two"] });
found.dimensions = vectors.embeddings.map((vector) => vector.length);

console.log(JSON.stringify(found));
