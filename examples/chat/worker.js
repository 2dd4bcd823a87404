/** A chat: the page, and the model's answer passed on token by token. */

import page from "./page.html";

const MODEL = "@cf/meta/llama-3.1-8b-instruct-fast";
const SYSTEM = { role: "system", content: "You are a friendly assistant. Keep your answers short." };
const REMEMBERED = 6_000; // characters of the conversation, the latest
const LONGEST = 4_000; // characters of a question
const ROLES = ["user", "assistant"];

const PAGE_HEADERS = {
  "content-type": "text/html;charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';" +
    " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'",
};

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/" && request.method === "GET") {
      return new Response(page, { headers: PAGE_HEADERS });
    }
    if (pathname === "/chat" && request.method === "POST") {
      return chat(request, env.AI);
    }
    return Response.json({ error: "Here are GET / and POST /chat." }, { status: 404 });
  },
};

/** `{messages: [{role, content}]}` to server-sent events, as they come from the model. */
async function chat(request, ai) {
  const body = await request.json().catch(() => null);
  const messages = body?.messages;
  const mistake = mistakeIn(messages);
  if (mistake) {
    return Response.json({ error: mistake }, { status: 400 });
  }
  try {
    const inputs = { messages: [SYSTEM, ...latest(messages)], stream: true, max_tokens: 512 };
    const stream = await ai.run(MODEL, inputs);
    return new Response(stream, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  } catch (error) {
    return Response.json({ error: error.message }, { status: 502 });
  }
}

/** What is wrong with a conversation, or nothing. */
function mistakeIn(messages) {
  if (!Array.isArray(messages) || messages.length === 0) {
    return "The body is JSON with a list of messages.";
  }
  for (const message of messages) {
    if (!ROLES.includes(message?.role) || typeof message.content !== "string") {
      return "A message has a role, user or assistant, and a content, which is text.";
    }
  }
  const { role, content } = messages.at(-1);
  if (role !== "user" || !content.trim()) {
    return "The last message is the user's, and says something.";
  }
  if (content.length > LONGEST) {
    return `The question has ${content.length} characters; ${LONGEST} are read at most.`;
  }
  return "";
}

/** The end of the conversation that fits, at least its last message, beginning with the user. */
function latest(messages) {
  let start = messages.length - 1;
  let length = messages[start].content.length;
  for (let at = start - 1; at >= 0; at--) {
    length += messages[at].content.length;
    if (length > REMEMBERED) {
      break;
    }
    if (messages[at].role === "user") {
      start = at;
    }
  }
  return messages.slice(start).map(({ role, content }) => ({ role, content }));
}
