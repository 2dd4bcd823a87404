/** Search by meaning: embeddings, cosine similarity, and a second look by a reranker. */

import corpus from "./corpus.js";

const EMBEDDINGS = "@cf/baai/bge-small-en-v1.5";
const RERANKER = "@cf/baai/bge-reranker-base";
const SHOWN = 3;
const RERANKED = 6;
const LONGEST = 500; // characters of a query

/** The corpus as vectors, once somebody has searched. Values only: a Worker's requests must not
 * wait for each other's promises. */
let vectors;

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const query = (searchParams.get("q") ?? "").trim();
    if (pathname !== "/") {
      return Response.json({ error: "Search at /?q=" }, { status: 404 });
    }
    if (!query || query.length > LONGEST) {
      const error = `Search for something in 1 to ${LONGEST} characters: /?q=When+are+you+open`;
      return Response.json({ error }, { status: 400 });
    }
    try {
      const found = await nearest(env.AI, query);
      const results = searchParams.has("rerank") ? await reranked(env.AI, query, found) : found;
      return Response.json({ query, results: results.slice(0, SHOWN) });
    } catch (error) {
      return Response.json({ error: error.message }, { status: 502 });
    }
  },
};

/** Every sentence with its similarity to the query, between -1 and 1, the nearest first. */
async function nearest(ai, query) {
  vectors ??= await embedded(ai, corpus);
  const [asked] = await embedded(ai, [query]);
  return corpus
    .map((text, i) => ({ text, score: cosine(asked, vectors[i]) }))
    .sort((a, b) => b.score - a.score);
}

/** The best of them in the order of the reranker, which reads query and sentence together. */
async function reranked(ai, query, found) {
  const contexts = found.slice(0, RERANKED).map(({ text }) => ({ text }));
  const { response } = await ai.run(RERANKER, { query, contexts, top_k: SHOWN });
  return response
    .map(({ id, score }) => ({ text: contexts[id].text, score }))
    .sort((a, b) => b.score - a.score);
}

/** One vector per text; a call takes up to 100 of them. */
async function embedded(ai, texts) {
  const { data } = await ai.run(EMBEDDINGS, { text: texts });
  return data;
}

function cosine(a, b) {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
