// Each form at the mounts: by keyboard with JavaScript, without it, in both schemes and two widths.
// node pages.mjs URL BROWSER PATH...; prints what it found by path.
import { open, overflow, tabTo, violations } from "./browser.mjs";

const [, , base, browserPath, ...paths] = process.argv;
const { page: newPage, noted, close } = await open(browserPath, base);
const SUBMIT = "form[data-enhanced] button[type=submit]";
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };
const found = {};

async function withJavaScript(path) {
  const page = await newPage({ viewport: WIDE, colorScheme: "light" });
  await page.goto(base + path);
  await tabTo(page, ".skip", 1);
  await tabTo(page, SUBMIT);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#result, #mistakes, #problem:not([hidden])");
  const seen = await page.evaluate(() => ({
    focus: document.activeElement.id,
    told: document.getElementById("live").textContent,
    charts: document.querySelectorAll("svg.chart").length,
    text: document.getElementById("work").innerText,
    status: document.getElementById("overview")?.innerText ?? "",
  }));
  const wide = { overflow: await overflow(page), violations: await violations(page) };
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(NARROW);
  const narrow = { overflow: await overflow(page), violations: await violations(page) };
  await page.context().close();
  return { ...seen, wide, narrow };
}

async function withoutJavaScript(path) {
  const page = await newPage({ javaScriptEnabled: false, viewport: NARROW });
  await page.goto(base + path);
  await page.click(SUBMIT);
  await page.waitForSelector("#result, #mistakes");
  const results = await page.locator("#result").count();
  const where = new URL(page.url()).pathname;
  await page.context().close();
  return { results, where };
}

// What axe-core says of a page whose labels are gone: else it might have looked at nothing.
async function spoiled(path) {
  const page = await newPage();
  await page.goto(base + path);
  await page.evaluate(() => document.querySelectorAll("label").forEach((each) => each.remove()));
  return (await violations(page)).map(({ id }) => id);
}

const left = [...paths];
async function some() {
  for (let path = left.shift(); path; path = left.shift()) {
    found[path] = { ...(await withJavaScript(path)), plain: await withoutJavaScript(path) };
  }
}
await Promise.all([some(), some(), some()]);
const control = await spoiled(paths[0]);
await close();
console.log(JSON.stringify({ found, control, ...noted }));
