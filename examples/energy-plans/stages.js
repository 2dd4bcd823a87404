/** What the model does. Prompts are short and strings bounded, so that a small model is quick too. */

const MODEL = "@cf/meta/llama-3.1-8b-instruct-fast";

export async function summarize(ai, usage) {
  const schema = object({ headline: text(100) });
  const asked =
    `A household uses ${usage.totalAnnualUsage} kWh a year, about ${usage.averageMonthlyUsage} a ` +
    `month, most in ${usage.peakUsageMonth}. The pattern is ${usage.usagePattern}. ` +
    "Describe this in one short sentence.";
  return (await json(ai, asked, schema, 80)).headline;
}

/** `[{index, score, reasoning}]`, an array at the top, each plan at most once. */
export async function score(ai, usage, plans, preferences) {
  const lines = plans.map(
    (plan, index) =>
      `${index}: $${plan.annualCost} a year, ${plan.months} months, ${plan.renewable} % renewable`,
  );
  const wish = preferences.preferRenewable ? "renewable energy" : "low cost";
  const asked =
    `Score the five best plans from 0 to 100 for a household that wants ${wish}.\n` +
    lines.join("\n");
  const item = object({
    index: { type: "integer", minimum: 0, maximum: plans.length - 1 },
    score: { type: "integer", minimum: 0, maximum: 100 },
    reasoning: text(60),
  });
  const count = Math.min(5, plans.length);
  const schema = { type: "array", items: item, minItems: count, maxItems: count };
  const scored = await json(ai, asked, schema, 400);

  const named = new Map(scored.toReversed().map((each) => [each.index, each])); // the first counts
  plans.forEach((plan, index) => {
    if (named.size < count && !named.has(index)) {
      named.set(index, { index, score: plan.points, reasoning: "by its computed points" });
    }
  });
  return [...named.values()];
}

export async function narrate(ai, usage, plan) {
  const schema = object({ rationale: text(160) });
  const asked =
    `${plan.name} by ${plan.supplier} costs $${plan.annualCost} a year for ` +
    `${usage.totalAnnualUsage} kWh, runs ${plan.months} months and is ${plan.renewable} % ` +
    "renewable. Say in one or two sentences why it suits this household.";
  return (await json(ai, asked, schema, 120)).rationale;
}

/** JSON Mode gives the value itself where there is a schema, and JSON text where there is none. */
async function json(ai, asked, schema, maxTokens) {
  const { response } = await ai.run(MODEL, {
    messages: [{ role: "user", content: asked }],
    response_format: { type: "json_schema", json_schema: schema },
    max_tokens: maxTokens,
    temperature: 0,
  });
  return typeof response === "string" ? JSON.parse(response) : response;
}

function object(properties) {
  const required = Object.keys(properties);
  return { type: "object", properties, required, additionalProperties: false };
}

function text(maxLength) {
  return { type: "string", minLength: 1, maxLength };
}
