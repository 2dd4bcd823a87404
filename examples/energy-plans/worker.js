/** Twelve months of usage in, the three best energy plans out: three stages, each in JSON Mode. */

import { costOf, ranked, usageOf } from "./arithmetic.js";
import { PLANS } from "./plans.js";
import { narrate, score, summarize } from "./stages.js";

const LARGEST = 1_000_000; // bytes
const TRIES = 2;

export default {
  async fetch(request, env) {
    if (request.method !== "POST") {
      const error = "POST {energyUsageData: {monthlyData: [12 x {month, usage, cost}]}, preferences}";
      return Response.json({ error }, { status: 405, headers: { allow: "POST" } });
    }
    const text = await request.text();
    if (text.length > LARGEST) {
      return Response.json({ error: "The body is over 1 MB." }, { status: 413 });
    }
    let asked;
    try {
      asked = JSON.parse(text);
    } catch {
      return Response.json({ error: "The body is no JSON." }, { status: 400 });
    }
    const months = asked?.energyUsageData?.monthlyData;
    if (!Array.isArray(months) || months.length !== 12 || !months.every(isMonth)) {
      const error = "monthlyData must have 12 months, each with usage (kWh) and cost ($) from 0 up.";
      return Response.json({ error }, { status: 400 });
    }
    return Response.json(await recommendation(env.AI, months, asked));
  },
};

/** Never fails: a stage that the model cannot do is computed, and `errors` tells. */
async function recommendation(ai, months, { preferences = {}, currentPlan = {} }) {
  const errors = [];
  const timings = {};
  const stage = (name, run, instead) => staged(name, run, instead, errors, timings);

  const usage = usageOf(months);
  const now = costOf(currentPlan, usage) ?? usage.annualCost;
  const plans = ranked(PLANS, usage, preferences);

  const headline = await stage("usageSummary", () => summarize(ai, usage), () => usage.usagePattern);
  const scored = await stage(
    "planScoring",
    () => score(ai, usage, plans, preferences),
    () => plans.map((plan, index) => ({ index, score: plan.points, reasoning: "computed" })),
  );
  const best = scored
    .toSorted((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ index, score: points, reasoning }) => {
      const { points: _, annualCost, ...plan } = plans[index];
      return { ...plan, annualCost, savings: cents(now - annualCost), score: points, reasoning };
    });
  const rationales = await Promise.all(
    best.map((plan, rank) =>
      stage(`narrative${rank + 1}`, () => narrate(ai, usage, plan), () => plan.reasoning),
    ),
  );
  return {
    usage: { ...usage, headline },
    recommendations: best.map((plan, rank) => ({ ...plan, rationale: rationales[rank] })),
    errors,
    timings,
  };
}

async function staged(name, run, instead, errors, timings) {
  const began = Date.now();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run();
      } catch (error) {
        if (attempt === TRIES) {
          throw error;
        }
      }
    }
  } catch (error) {
    errors.push({ stage: name, message: error.message });
    return instead();
  } finally {
    timings[name] = Date.now() - began;
  }
}

function isMonth(month) {
  return [month?.usage, month?.cost].every((figure) => Number.isFinite(figure) && figure >= 0);
}

function cents(amount) {
  return Math.round(amount * 100) / 100;
}
