import { env, SELF } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { title } from "./title.js";

const TEXT = "The ferry to the island leaves at seven and takes an hour, if the sea is calm.";

describe("the Worker", () => {
  it("has a title for a text", async () => {
    const response = await SELF.fetch("https://worker/", { method: "POST", body: TEXT });
    const { title: found } = await response.json();
    expect(found).toMatch(/\w/);
    expect(found.split(" ").length).toBeLessThanOrEqual(8);
  });

  it("refuses nothing", async () => {
    const response = await SELF.fetch("https://worker/", { method: "POST" });
    expect(response.status).toBe(400);
  });
});

describe("env.AI", () => {
  it("is the runtime's own binding", async () => {
    expect(env.AI.constructor.name).toBe("Ai");
    expect(await title(env.AI, TEXT)).toMatch(/\w/);
  });

  it("streams", async () => {
    const prompt = "Count to three.";
    const stream = await env.AI.run("@cf/meta/llama-3.1-8b-instruct", { prompt, stream: true });
    expect(await new Response(stream).text()).toMatch(/^data: .*data: \[DONE\]\n\n$/s);
  });

  it("tells of a model that is not there", async () => {
    const failing = env.AI.run("@cf/nobody/nothing", { prompt: "Hello?" });
    await expect(failing).rejects.toThrow(/^5007: /);
  });
});
