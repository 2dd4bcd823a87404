// OpenAI's own client for Node: node openai_sdk.mjs URL MODEL EMBEDDINGS
import OpenAI from "openai";

const [url, model, embeddings] = process.argv.slice(2);
const ACCOUNT = "0123456789abcdef0123456789abcdef";
const client = new OpenAI({ apiKey: "any", baseURL: `${url}/client/v4/accounts/${ACCOUNT}/ai/v1` });
const messages = [{ role: "user", content: "Say hello to me." }];
const found = {};

const whole = await client.chat.completions.create({ model, messages, max_tokens: 12 });
found.text = whole.choices[0].message.content;
found.usage = whole.usage;

const stream = client.chat.completions.stream({ model, messages, max_tokens: 12 });
found.deltas = [];
for await (const piece of stream) {
  const delta = piece.choices[0]?.delta.content;
  if (delta) found.deltas.push(delta);
}
found.finalText = await stream.finalContent();

const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 20 } },
  required: ["city"],
  additionalProperties: false,
};
const called = await client.chat.completions.create({
  model,
  messages: [{ role: "user", content: "What is the weather in Lisbon?" }],
  tools: [{ type: "function", function: { name: "weather", parameters } }],
  tool_choice: { type: "function", function: { name: "weather" } },
  max_tokens: 80,
});
found.arguments = JSON.parse(called.choices[0].message.tool_calls[0].function.arguments);

// Asks for base64 unasked, and makes empty vectors of an answer in floats.
const vectors = await client.embeddings.create({ model: embeddings, input: ["one", "two"] });
const floats = await client.embeddings.create({
  model: embeddings,
  input: ["one", "two"],
  encoding_format: "float",
});
found.default = vectors.data.map((row) => row.embedding);
found.floats = floats.data.map((row) => row.embedding);

const response = await client.responses.create({ model, input: "Say hello.", max_output_tokens: 12 });
found.response = response.output_text;
found.models = [];
for await (const item of client.models.list()) found.models.push(item.id);

try {
  await client.chat.completions.create({ model: "@cf/no/such", messages });
} catch (error) {
  found.error = { status: error.status, message: error.message, code: error.code, param: error.param };
}
console.log(JSON.stringify(found));
