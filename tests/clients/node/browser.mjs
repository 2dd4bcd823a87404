// A browser for the page tests: every page notes its errors and each request that leaves `base`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function open(executablePath, base) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const noted = { errors: [], outside: [], requests: 0 };
  const page = async (options = {}) => {
    const context = await browser.newContext({ reducedMotion: "reduce", ...options });
    const made = await context.newPage();
    made.setDefaultTimeout(20_000);
    made.on("pageerror", (error) => noted.errors.push(String(error)));
    made.on("console", (message) => {
      // An answer of 400 is what some pages are asked for; the browser logs it by itself.
      const expected = message.text().includes("status of 4");
      if (message.type() === "error" && !expected) noted.errors.push(message.text());
    });
    made.on("request", (request) => {
      noted.requests += 1;
      const url = request.url();
      if (!url.startsWith(base) && !url.startsWith("data:")) noted.outside.push(url);
    });
    return made;
  };
  return { page, noted, close: () => browser.close() };
}

// Violations that keep somebody out, by axe-core; it runs in a world of its own, past the policy.
export async function violations(page) {
  const client = await page.context().newCDPSession(page);
  const { frameTree } = await client.send("Page.getFrameTree");
  const { executionContextId: contextId } = await client.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
  });
  await client.send("Runtime.evaluate", { expression: axe, contextId });
  const options = { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };
  const run = `axe.run(document, ${JSON.stringify(options)}).then((found) => JSON.stringify(
    found.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((n) => n.html) }))))`;
  const { result, exceptionDetails } = await client.send("Runtime.evaluate", {
    expression: run, contextId, awaitPromise: true,
  });
  if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
  return JSON.parse(result.value).filter(({ impact }) => ["serious", "critical"].includes(impact));
}

export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

// Tab until the focus is on what `selector` names; returns how many keys that took.
export async function tabTo(page, selector, most = 200) {
  for (let keys = 1; keys <= most; keys += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return keys;
  }
  throw new Error(`${selector} was not reached by ${most} tabs`);
}
