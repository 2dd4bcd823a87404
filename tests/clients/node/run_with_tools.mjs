// @cloudflare/ai-utils' runWithTools over a binding made of fetch: node run_with_tools.mjs URL MODEL
import { runWithTools } from "@cloudflare/ai-utils";

const [url, model] = process.argv.slice(2);
const ACCOUNT = "0123456789abcdef0123456789abcdef";
const sent = [];

// What env.AI is to a Worker: the bare result, or the stream.
const ai = {
  async run(name, inputs) {
    sent.push(inputs);
    const response = await fetch(`${url}/client/v4/accounts/${ACCOUNT}/ai/run/${name}`, {
      method: "POST",
      body: JSON.stringify(inputs),
    });
    if (!response.ok) throw new Error(await response.text());
    return inputs.stream ? response.body : (await response.json()).result;
  },
};

const called = [];
const answer = await runWithTools(
  ai,
  model,
  {
    messages: [{ role: "user", content: "What is the weather in Lisbon? call get_weather {\"city\":\"Lisbon\"}" }],
    tools: [
      {
        name: "get_weather",
        description: "The weather in a city.",
        parameters: {
          type: "object",
          properties: { city: { type: "string", description: "the city", maxLength: 20 } },
          required: ["city"],
        },
        function: async (input) => {
          called.push(input);
          return "sunny";
        },
      },
    ],
  },
  { strictValidation: true },
);
console.log(JSON.stringify({ called, answer: answer.response, requests: sent.length, last: sent.at(-1).messages }));
