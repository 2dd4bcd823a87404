/** Text in, a contact out: JSON Mode, and a look at whether the answer may be believed. */

const MODEL = "@cf/meta/llama-3.3-70b-instruct-fp8-fast";
const LONGEST = 4_000; // characters

const CONTACT = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 60 },
    email: { type: "string", maxLength: 80 },
    city: { type: "string", maxLength: 60 },
  },
  required: ["name", "email", "city"],
  additionalProperties: false,
};

// One example shows a small model more than a paragraph of instructions.
const SHOWN = [
  { role: "system", content: "Find the contact in the text. Copy name, email and city from it." },
  { role: "user", content: "Call Tom Baker in Vienna: tom@example.org" },
  {
    role: "assistant",
    content: '{"name": "Tom Baker", "email": "tom@example.org", "city": "Vienna"}',
  },
];

export default {
  async fetch(request, env) {
    if (request.method !== "POST") {
      const error = "POST a text: curl URL -d 'I am Ana, from Porto: ana@example.com'";
      return Response.json({ error }, { status: 405, headers: { allow: "POST" } });
    }
    const text = (await request.text()).trim();
    if (!text) {
      return Response.json({ error: "The text is empty." }, { status: 400 });
    }
    if (text.length > LONGEST) {
      const error = `The text has ${text.length} characters; ${LONGEST} are read at most.`;
      return Response.json({ error }, { status: 413 });
    }

    let answer;
    try {
      answer = await extracted(env.AI, text);
    } catch (error) {
      const unmet = error.message.includes("JSON Mode couldn't be met");
      return Response.json({ error: error.message }, { status: unmet ? 422 : 502 });
    }
    const mistakes = [...mistakesOf(answer, text)];
    if (mistakes.length > 0) {
      const error = "The model found no contact that the text bears out.";
      return Response.json({ error, mistakes, answer }, { status: 422 });
    }
    return Response.json(answer);
  },
};

/** What the model says: a value of any JSON type. Text that is not JSON stays text. */
async function extracted(ai, text) {
  const { response } = await ai.run(MODEL, {
    messages: [...SHOWN, { role: "user", content: text }],
    response_format: { type: "json_schema", json_schema: CONTACT },
    max_tokens: 200,
    temperature: 0,
  });
  if (typeof response !== "string") {
    return response;
  }
  try {
    return JSON.parse(response); // some models answer with JSON text
  } catch {
    return response;
  }
}

/** Why an answer is not a contact, or not one of this text: models make up what they miss. */
function* mistakesOf(answer, text) {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    yield "the answer is not an object";
    return;
  }
  for (const key of Object.keys(answer)) {
    if (!Object.hasOwn(CONTACT.properties, key)) {
      yield `${key} was not asked for`;
    }
  }
  for (const [key, { maxLength }] of Object.entries(CONTACT.properties)) {
    const value = answer[key];
    if (typeof value !== "string" || value.trim() === "") {
      yield `${key} is missing`;
    } else if (value.length > maxLength) {
      yield `${key} is longer than ${maxLength} characters`;
    } else if (!text.toLowerCase().includes(value.toLowerCase())) {
      yield `${key} is not in the text`;
    } else if (key === "email" && !/^[^@\s]+@[^@\s]+$/.test(value)) {
      yield "email is not an address";
    }
  }
}
