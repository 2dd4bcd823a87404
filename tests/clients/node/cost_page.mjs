// A report's page in both schemes and two widths, and printed. node cost_page.mjs URL BROWSER
import { open, overflow, violations } from "./browser.mjs";

const [, , url, browserPath] = process.argv;
const { page: newPage, noted, close } = await open(browserPath, url);
const seen = [];

async function look(width, colorScheme) {
  const page = await newPage({ viewport: { width, height: 900 }, colorScheme });
  await page.goto(url);
  const ground = () => getComputedStyle(document.body).backgroundColor;
  const charts = () => [...document.querySelectorAll("svg")].filter((one) => one.checkVisibility()).length;
  const found = { width, colorScheme, charts: await page.evaluate(charts) };
  found.ground = await page.evaluate(ground);
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  found.overflow = await overflow(page);
  found.violations = await violations(page);
  seen.push(found);
  if (width > 1000 && colorScheme === "dark") {
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 703, height: 900 }); // an A4 page without its margins
    const printed = { ground: await page.evaluate(ground), overflow: await overflow(page) };
    printed.charts = await page.evaluate(charts);
    const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
    printed.pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    seen.printed = printed;
  }
  await page.context().close();
}

await Promise.all([look(360, "light"), look(1280, "dark")]);
await Promise.all([look(1280, "light"), look(360, "dark")]);
await close();
console.log(JSON.stringify({ seen, printed: seen.printed, ...noted }));
