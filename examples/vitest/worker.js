/** The body of a POST is a text; the answer is a title for it. */

import { title } from "./title.js";

export default {
  async fetch(request, env) {
    const text = await request.text();
    if (!text) {
      return Response.json({ error: "There is no text." }, { status: 400 });
    }
    return Response.json({ title: await title(env.AI, text) });
  },
};
