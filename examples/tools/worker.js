/** Function calling: the model says what to call, the Worker calls it, the model says the answer. */

import { functions } from "./functions.js";

const MODEL = "@cf/meta/llama-3.3-70b-instruct-fp8-fast";
const LONGEST = 2_000; // characters of a question

const TOOLS = Object.entries(functions).map(([name, { description, parameters }]) => ({
  name,
  description,
  parameters,
}));

// Small models call a function only once they have seen it done, and know no other answer than a
// call unless they have seen one.
const SHOWN = [
  { role: "user", content: "What colour is the sky?" },
  { role: "assistant", content: "The sky is blue." },
  { role: "user", content: "What is 45 * 12?" },
  asked({ name: "calculate", arguments: { expression: "45 * 12" } }),
  { role: "tool", name: "calculate", content: "540" },
  { role: "assistant", content: "45 * 12 = 540" },
  { role: "user", content: "How many days are there from 2024-05-01 to 2024-05-09?" },
  asked({ name: "days_between", arguments: { from: "2024-05-01", to: "2024-05-09" } }),
  { role: "tool", name: "days_between", content: "8" },
  { role: "assistant", content: "There are 8 days from 2024-05-01 to 2024-05-09." },
];

export default {
  async fetch(request, env) {
    if (request.method !== "POST") {
      const error = "POST a question: curl URL -d 'What is 1234 * 5678?'";
      return Response.json({ error }, { status: 405, headers: { allow: "POST" } });
    }
    const question = (await request.text()).trim();
    if (!question || question.length > LONGEST) {
      const error = `Ask something in 1 to ${LONGEST} characters.`;
      return Response.json({ error }, { status: 400 });
    }
    try {
      return Response.json(await answered(env.AI, question));
    } catch (error) {
      return Response.json({ error: error.message }, { status: 502 });
    }
  },
};

/** The answer, and what was called for it: nothing, where the model answers by itself. */
async function answered(ai, question) {
  const messages = [...SHOWN, { role: "user", content: question }];
  const first = await said(ai, { messages, tools: TOOLS });
  const calls = (first.tool_calls ?? []).map(called);
  if (calls.length === 0) {
    return { answer: first.response, calls };
  }
  for (const call of calls) {
    messages.push(asked(call));
    messages.push({ role: "tool", name: call.name, content: JSON.stringify(result(call)) });
  }
  const last = await said(ai, { messages }); // without tools there is nothing left but to answer
  return { answer: last.response, calls };
}

function said(ai, inputs) {
  return ai.run(MODEL, { ...inputs, max_tokens: 200, temperature: 0 });
}

/** A call with its `result`, or with the `error` that the model is told. */
function called(wanted) {
  // Most models call as here; newer ones in OpenAI's form, whose arguments are JSON text.
  const { name, arguments: given } = wanted.function ?? wanted;
  const call = { name, arguments: given };
  try {
    if (typeof given === "string") {
      call.arguments = JSON.parse(given);
    }
    if (!Object.hasOwn(functions, call.name)) {
      throw new Error(`there is no function ${call.name}`);
    }
    return { ...call, result: functions[call.name].run(call.arguments) };
  } catch (error) {
    return { ...call, error: error.message };
  }
}

function result({ result, error }) {
  return error === undefined ? result : { error };
}

/** The turn in which the model asks for a call. */
function asked({ name, arguments: given }) {
  return { role: "assistant", content: JSON.stringify({ name, parameters: given }) };
}
