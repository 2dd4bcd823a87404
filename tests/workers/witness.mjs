// A Worker that does with `env.AI` what it is asked to, and tells what it saw of it.
//
// Every path takes a POST of {model, inputs, options, gate}. `gate` is an address that answers once
// the test lets the Worker go on.

const PATHS = {
  "/see": see,
  "/pass": pass,
  "/relay": relay,
  "/abort": abort,
  "/cancel": cancel,
  "/crowd": crowd,
  "/large": large,
};

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    const asked = await request.json();
    try {
      return await PATHS[pathname](env, asked, context);
    } catch (error) {
      return Response.json({ unexpected: told(error) }, { status: 500 });
    }
  },
};

/** The answer, or what was thrown, and what the binding keeps of the call. */
async function see(env, asked) {
  return Response.json(await seen(env.AI, asked));
}

/** A stream handed to the client as it is; a whole answer as JSON. */
async function pass(env, asked) {
  const answer = await run(env.AI, asked);
  return answer instanceof ReadableStream ? events(answer) : Response.json(answer);
}

/** A stream that the Worker reads itself and writes on, piece by piece. */
async function relay(env, asked, context) {
  const stream = await run(env.AI, asked);
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  const copying = async () => {
    for await (const piece of stream) await writer.write(piece);
    await writer.close();
  };
  context.waitUntil(copying().catch((error) => writer.abort(error)));
  return events(readable);
}

/** Aborts its signal, in a stream after the first piece. */
async function abort(env, asked) {
  const controller = new AbortController();
  const options = { ...asked.options, signal: controller.signal };
  let ending = env.AI.run(asked.model, asked.inputs, options);
  if (asked.inputs.stream) {
    const reader = (await ending).getReader();
    await reader.read();
    ending = reader.read();
  }
  const outcome = ending.then((value) => ({ value }), (error) => ({ error: told(error) }));
  await fetch(`${asked.gate}/ready`);
  controller.abort();
  await fetch(`${asked.gate}/done`);
  return Response.json(await outcome);
}

/** Cancels its reader after the first piece. */
async function cancel(env, asked) {
  const reader = (await run(env.AI, asked)).getReader();
  await reader.read();
  await fetch(`${asked.gate}/ready`);
  await reader.cancel("enough");
  await fetch(`${asked.gate}/done`);
  return Response.json({ cancelled: true });
}

/** Many calls at once: for each its kind, and its answer's length or what it threw. */
async function crowd(env, asked) {
  const calls = asked.calls.map((call) => seen(env.AI, call));
  return Response.json(await Promise.all(calls));
}

/** A large input that is made here: an array, a Uint8Array or a stream of `bytes` bytes. */
async function large(env, asked) {
  const data = new Uint8Array(asked.bytes).fill(7);
  const forms = {
    array: () => ({ audio: Array.from(data) }),
    bytes: () => ({ audio: data }),
    stream: () => ({ audio: { body: new Blob([data]).stream(), contentType: "audio/wav" } }),
  };
  const inputs = forms[asked.form]();
  return Response.json(await seen(env.AI, { ...asked, inputs }));
}

/** `env.AI.run`, its signal aside. */
function run(AI, asked) {
  return AI.run(asked.model, asked.inputs, asked.options);
}

/** What came of a call. Of a stream: its text, and how it failed if it did. */
async function seen(AI, asked) {
  const found = {};
  try {
    const answer = await run(AI, asked);
    if (answer instanceof ReadableStream) await read(answer, found);
    else Object.assign(found, { type: answer.constructor.name, value: brief(answer, asked) });
  } catch (error) {
    found.error = told(error);
  }
  found.after = {
    lastRequestId: AI.lastRequestId,
    lastRequestHttpStatusCode: AI.lastRequestHttpStatusCode,
    lastRequestInternalStatusCode: AI.lastRequestInternalStatusCode,
  };
  return found;
}

async function read(stream, found) {
  const decoder = new TextDecoder();
  Object.assign(found, { type: "ReadableStream", text: "" });
  try {
    for await (const piece of stream) found.text += decoder.decode(piece, { stream: true });
  } catch (error) {
    found.broken = told(error);
  }
}

/** The answer itself, or its length as JSON where only that is asked for. */
function brief(answer, asked) {
  return asked.brief ? JSON.stringify(answer).length : answer;
}

function told(error) {
  return {
    class: error?.constructor?.name,
    name: error?.name,
    message: error?.message,
    text: String(error),
    isError: error instanceof Error,
    keys: Object.keys(error ?? {}),
  };
}

function events(body) {
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
