/**
 * The Worker under test: `GET /case/<name>` makes one recorded call of `env.AI` and tells what it
 * saw, in the form of the record. It knows nothing of where its binding leads.
 *
 * The calls stand in the order in which they were recorded: the binding keeps what it saw last
 * (`lastRequestId` and the like), so the order belongs to the record.
 */

const LLAMA = "@cf/meta/llama-3.1-8b-instruct";
const BGE = "@cf/baai/bge-base-en-v1.5";
const WHISPER = "@cf/openai/whisper";
const UNKNOWN = "@cf/unknown/model";
const HI = { prompt: "hi" };
const SCHEMA = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "number" } },
  required: ["name"],
};
const WEATHER = {
  type: "function",
  function: {
    name: "getWeather",
    description: "w",
    parameters: {
      type: "object",
      // Recorded without a description, which Workers AI demands (contract 3.1).
      properties: { city: { type: "string", description: "c" } },
      required: ["city"],
    },
  },
};
const GATEWAY = {
  skipCache: true,
  cacheTtl: 5,
  metadata: { m: 1 },
  cacheKey: "k",
  collectLog: false,
  eventId: "e",
  requestTimeoutMs: 10_000, // recorded with 10: too little for a busy machine
  retries: { maxAttempts: 2, retryDelayMs: 5, backoff: "linear" },
};
const ITEM = { provider: "workers-ai", endpoint: LLAMA };

/** @param {number} count */
const numbers = (count) => Array.from({ length: count }, (_, at) => at % 256);

/** @param {string} [contentType] */
const stream = (contentType) => {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(numbers(300)));
      controller.close();
    },
  });
  return contentType ? { body, contentType } : { body };
};

const html = () => ({ name: "a.html", blob: new Blob(["<p>hi</p>"], { type: "text/html" }) });

const unreadable = () => ({
  name: "bad.bin",
  blob: new Blob(["x"], { type: "application/octet-stream" }),
});

const form = () => {
  const data = new FormData();
  data.append("prompt", "cat");
  data.append("image", new Blob([new Uint8Array(numbers(4))], { type: "image/png" }), "a.png");
  const { body, headers } = new Response(data);
  return { body, contentType: headers.get("content-type") };
};

/** The id of a log that is there: the recorded one was the stub's own, so one is made first. */
const log = async (ai) => {
  const answer = await ai.gateway("x").run({ ...ITEM, headers: {}, query: HI });
  await answer.text();
  return answer.headers.get("cf-aig-log-id") ?? "01A";
};

/** What makes Fogbank answer as the recording stub did under a model's name. */
const fault = (value) => ({ extraHeaders: { "x-fogbank-fault": value } });

/** @type {Record<string, (ai: any) => any>} */
const CASES = {
  text: (ai) => ai.run(LLAMA, HI),
  messages: (ai) =>
    ai.run(LLAMA, {
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "Olá ✓" },
      ],
      max_tokens: 16,
      temperature: 0.2,
    }),
  stream: (ai) => ai.run(LLAMA, { prompt: "hi", stream: true }),
  json_object: (ai) => ai.run(LLAMA, { prompt: "hi", response_format: { type: "json_object" } }),
  json_schema: (ai) =>
    ai.run(LLAMA, {
      prompt: "hi",
      response_format: { type: "json_schema", json_schema: SCHEMA },
    }),
  tools: (ai) =>
    ai.run("@hf/nousresearch/hermes-2-pro-mistral-7b", {
      messages: [{ role: "user", content: "weather" }],
      tools: [WEATHER],
    }),
  embeddings: (ai) => ai.run(BGE, { text: ["a", "b"] }),
  embeddings_str: (ai) => ai.run(BGE, { text: "a" }),
  whisper_array: (ai) => ai.run(WHISPER, { audio: numbers(12) }),
  whisper_stream: (ai) =>
    ai.run("@cf/openai/whisper-large-v3-turbo", {
      audio: stream("audio/wav"),
      language: "en",
      initial_prompt: "a b&c",
    }),
  resnet_array: (ai) => ai.run("@cf/microsoft/resnet-50", { image: numbers(8) }),
  resnet_stream: (ai) => ai.run("@cf/microsoft/resnet-50", { image: stream("image/png") }),
  u8_input: (ai) => ai.run(WHISPER, { audio: new Uint8Array(numbers(4)) }),
  stream_no_ct: (ai) => ai.run(WHISPER, { audio: stream() }),
  bare_stream: (ai) => ai.run(WHISPER, { audio: stream().body }),
  two_streams: (ai) => ai.run(WHISPER, { a: stream("audio/wav"), b: stream("audio/wav") }),
  formdata: (ai) => ai.run("@cf/black-forest-labs/flux-2-dev-image", { multipart: form() }),
  image_out: (ai) => ai.run("@cf/lab/image-xl", { prompt: "cat" }),
  raw: (ai) => ai.run(LLAMA, HI, { returnRawResponse: true }),
  raw_stream: (ai) => ai.run(LLAMA, { prompt: "hi", stream: true }, { returnRawResponse: true }),
  raw_error: (ai) => ai.run(UNKNOWN, HI, { returnRawResponse: true }),
  gateway_opt: (ai) =>
    ai.run(LLAMA, HI, {
      gateway: { id: "my-gw", skipCache: true, cacheTtl: 60, metadata: { u: 1 } },
    }),
  gateway_stream: (ai) =>
    ai.run(WHISPER, { audio: stream("audio/wav") }, { gateway: { id: "my-gw" } }),
  prefix_headers: (ai) =>
    ai.run(LLAMA, HI, {
      prefix: "dev",
      extraHeaders: { "x-lab": "1" },
      sessionOptions: { extraHeaders: { "x-sess": "2", "x-session-affinity": "ses_1" } },
      other: 123,
    }),
  queueRequest: (ai) =>
    ai.run(
      BGE,
      { requests: [{ text: "a", external_reference: "r1" }] },
      { queueRequest: true },
    ),
  tags: (ai) => ai.run(LLAMA, HI, { tags: ["a"], rejectAsync: true }),
  websocket: (ai) =>
    ai.run(
      "@cf/deepgram/flux",
      { encoding: "linear16", sample_rate: "16000" },
      { websocket: true },
    ),
  signal: (ai) => ai.run(LLAMA, HI, { signal: new AbortController().signal }),
  signal_aborted: (ai) => ai.run(LLAMA, HI, { signal: AbortSignal.abort() }),
  unknown_model: (ai) => ai.run(UNKNOWN, HI),
  capacity: (ai) => ai.run("@cf/lab/capacity", HI, fault("3040")),
  v4err: (ai) => ai.run("@cf/lab/v4err", {}),
  texterr: (ai) => ai.run("@cf/lab/texterr", {}),
  emptyerr: (ai) => ai.run("@cf/lab/emptyerr", {}),
  charset: (ai) => ai.run("@cf/lab/charset", HI),
  midstream: (ai) =>
    ai.run("@cf/lab/midstream", { prompt: "hi", stream: true }, fault("stream-cut")),
  classify: (ai) => ai.run("@cf/huggingface/distilbert-sst-2-int8", { text: "good" }),
  translate: (ai) =>
    ai.run("@cf/meta/m2m100-1.2b", { text: "hello", source_lang: "en", target_lang: "fr" }),
  summarize: (ai) => ai.run("@cf/facebook/bart-large-cnn", { input_text: "long", max_length: 10 }),
  no_inputs: (ai) => ai.run(LLAMA),
  models: (ai) => ai.models(),
  models_q: (ai) =>
    ai.models({
      search: "llama",
      task: "Text Generation",
      per_page: 3,
      page: 1,
      hide_experimental: true,
    }),
  models_err: (ai) => ai.models({ search: "fail" }),
  md_one: (ai) => ai.toMarkdown(html()),
  md_many: (ai) =>
    ai.toMarkdown([html(), unreadable()], {
      gateway: { id: "g" },
      extraHeaders: { "x-lab": "1" },
      conversionOptions: { html: { cssSelector: "p" } },
    }),
  md_empty: (ai) => ai.toMarkdown([]),
  md_supported: (ai) => ai.toMarkdown().supported(),
  gw_run: (ai) =>
    ai.gateway("x").run(
      {
        ...ITEM,
        headers: {
          Authorization: "Bearer tok",
          "cf-aig-cache-ttl": 3600,
          "cf-aig-metadata": { a: 1 },
        },
        query: HI,
      },
      { gateway: GATEWAY, extraHeaders: { "x-lab": "1" } },
    ),
  gw_url: (ai) => ai.gateway("x").getUrl("openai"),
  gw_url_u: (ai) => ai.gateway("x").getUrl(),
  gw_log: async (ai) => ai.gateway("x").getLog(await log(ai)),
  gw_log_404: (ai) => ai.gateway("x").getLog("missing"),
  gw_patch: async (ai) =>
    ai.gateway("x").patchLog(await log(ai), { feedback: 1, score: 50, metadata: { a: 1 } }),
  autorag_search: (ai) => ai.autorag("r").search({ query: "q" }),
  autorag_ai: (ai) => ai.autorag("r").aiSearch({ query: "q" }),
  autorag_stream: (ai) => ai.autorag("r").aiSearch({ query: "q", stream: true }),
  autorag_404: (ai) => ai.autorag("none").search({ query: "q" }),
  autorag_list: (ai) => ai.autorag("r").list(),
  legacy_fetch: (ai) =>
    ai.fetch("https://workers-binding.ai/run?version=3", {
      method: "POST",
      headers: { "Content-Type": "application/json", "cf-consn-model-id": LLAMA },
      body: JSON.stringify({ inputs: HI, options: {} }),
    }),
};

export default {
  /** @param {Request} request */
  async fetch(request, env) {
    const name = new URL(request.url).pathname.replace("/case/", "");
    if (!(name in CASES)) {
      return Response.json(Object.keys(CASES));
    }
    const seen = await told(() => CASES[name](env.AI));
    return Response.json({ ...seen, after: after(env.AI) });
  },
};

const told = async (call) => {
  try {
    return await described(await call());
  } catch (error) {
    return thrown(error);
  }
};

const described = async (value) => {
  if (value instanceof Response) {
    const { status, headers } = value;
    return { type: "Response", status, headers: [...headers], body: await value.text() };
  }
  if (value instanceof ReadableStream) {
    return { type: "ReadableStream", chunks: await chunks(value) };
  }
  if (value === undefined) {
    return { type: "undefined" };
  }
  if (Array.isArray(value)) {
    return { type: "Array", value };
  }
  return { type: typeof value, ctor: value?.constructor?.name, value };
};

const chunks = async (stream) => {
  const texts = [];
  for await (const chunk of stream) {
    texts.push(new TextDecoder().decode(chunk));
  }
  return texts;
};

const thrown = (error) => ({
  threw: true,
  name: error.name,
  message: error.message,
  String: String(error),
  ctor: error.constructor.name,
  isError: error instanceof Error,
  keys: Object.keys(error),
  code: error.code,
  stackFirst: error.stack.split("\n")[0],
});

const after = (ai) => ({
  lastRequestId: ai.lastRequestId,
  aiGatewayLogId: ai.aiGatewayLogId,
  lastRequestHttpStatusCode: ai.lastRequestHttpStatusCode,
  lastRequestInternalStatusCode: ai.lastRequestInternalStatusCode,
});
