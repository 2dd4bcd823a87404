// Cases of the pages, each with what it saw. node page_cases.mjs URL BROWSER CASE [ARGUMENT]
import { open } from "./browser.mjs";

const [, , base, browserPath, name, argument] = process.argv;
const { page: newPage, noted, close } = await open(browserPath, base);
const page = await newPage();
const SUBMIT = "form[data-enhanced] button[type=submit]";
const text = (selector) => page.locator(selector).innerText();

const cases = {
  // The states of the stages, as they changed.
  async stages() {
    await page.goto(`${base}/energygenius/?scenario=high-usage`);
    await page.evaluate(() => {
      window.seen = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          window.seen.push([target.dataset.stage, target.dataset.state]);
        }
      }).observe(document.getElementById("stages"), { subtree: true, attributeFilter: ["data-state"] });
    });
    await page.click(SUBMIT);
    await page.waitForSelector("#result");
    return { seen: await page.evaluate(() => window.seen), result: await text("#result") };
  },

  // What a person without a key is told, and what the key changes.
  async key() {
    await page.goto(`${base}/esmap/?model=emission-calculator`);
    const before = await text("#overview");
    await page.click(SUBMIT);
    await page.waitForSelector("#problem:not([hidden])");
    const refused = await text("#problem");
    const focus = await page.evaluate(() => document.activeElement.id);
    await page.fill("#key", argument);
    await page.click(SUBMIT);
    await page.waitForSelector("#result");
    await page.waitForFunction(() => document.querySelector("#overview .tiles"));
    const stored = await page.evaluate(() => [localStorage.length, document.cookie, location.href]);
    return { before, refused, focus, result: await text("#result"), after: await text("#overview"), stored };
  },

  // Markup in an input is text in the page.
  async hostile() {
    const asked = [];
    page.on("dialog", (dialog) => { asked.push(dialog.message()); dialog.dismiss(); });
    await page.goto(`${base}/esmap/?model=climate-bert`);
    const title = await page.title();
    await page.fill("[name=text]", argument);
    await page.click(SUBMIT);
    await page.waitForSelector("#result");
    const kept = await page.inputValue("[name=text]");
    return { asked, kept, same: title === (await page.title()), scripts: await page.locator("main script").count() };
  },

  // A mistake stands beside its field, which keeps what was typed; mended, it is gone.
  async mistake() {
    await page.goto(`${base}/energygenius/?scenario=low-usage`);
    const field = "[name='energyUsageData.monthlyData.3.usage']";
    await page.fill(field, "many");
    await page.click(SUBMIT);
    await page.waitForSelector("#mistakes");
    const described = await page.getAttribute(field, "aria-describedby");
    const seen = {
      focus: await page.evaluate(() => document.activeElement.id),
      kept: await page.inputValue(field),
      invalid: await page.getAttribute(field, "aria-invalid"),
      beside: await text(`#${described.trim().split(" ").at(-1)}`),
      summary: await text("#mistakes"),
    };
    await page.click("#mistakes a");
    seen.linked = await page.evaluate(() => document.activeElement.name);
    await page.fill(field, "400");
    await page.click(SUBMIT);
    await page.waitForSelector("#result");
    return { ...seen, mended: await page.locator("#mistakes").count() };
  },
};

const seen = await cases[name]();
await close();
console.log(JSON.stringify({ ...seen, ...noted }));
