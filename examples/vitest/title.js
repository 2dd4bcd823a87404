const MODEL = "@cf/meta/llama-3.1-8b-instruct";
const WORDS = 8;

/** What the model says, cut to eight words: it was asked for a title, which is no promise. */
export async function title(ai, text) {
  const messages = [
    { role: "system", content: `Answer with a title of at most ${WORDS} words for the text.` },
    { role: "user", content: text },
  ];
  const { response } = await ai.run(MODEL, { messages, max_tokens: 24 });
  return response.split(/\s+/).filter(Boolean).slice(0, WORDS).join(" ");
}
