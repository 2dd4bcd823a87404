/** Everything that can be computed is: a model scores and explains, it never does sums. */

const WEIGHTS = { cost: 0.5, flexibility: 0.25, renewable: 0.125, fees: 0.125 };
const SHOWN = 10; // plans

export function usageOf(months) {
  const figures = months.map((month) => month.usage);
  const total = sum(figures);
  const mean = total / 12;
  const peak = months.reduce((best, month) => (month.usage > best.usage ? month : best));
  return {
    totalAnnualUsage: total,
    averageMonthlyUsage: Math.round(mean),
    peakUsageMonth: peak.month,
    usagePattern: patternOf(figures, mean),
    annualCost: Math.round(sum(months.map((month) => month.cost)) * 100) / 100,
  };
}

/** Consistent: every month within 20 % of the mean. Seasonal: one smooth rise and fall over 30 %. */
function patternOf(figures, mean) {
  if (figures.every((figure) => Math.abs(figure - mean) <= 0.2 * mean)) {
    return "consistent";
  }
  const turns = figures.filter((figure, at) => {
    const before = figures.at(at - 1);
    const after = figures[(at + 1) % 12];
    return figure > before && figure >= after && figure > 1.3 * mean;
  }).length;
  return turns === 1 || turns === 2 ? "seasonal" : "high-variance";
}

/** Dollars a year, or null where the plan does not say. */
export function costOf(plan, usage) {
  if (!Number.isFinite(plan?.rate)) {
    return null;
  }
  return Math.round((plan.rate * usage.totalAnnualUsage + 12 * (plan.monthlyFee ?? 0)) * 100) / 100;
}

/** The plans that the person would take, the best by computed points first. */
export function ranked(plans, usage, { maxContractMonths = Infinity, acceptVariableRates = true }) {
  const fitting = plans
    .filter((plan) => plan.months <= maxContractMonths)
    .filter((plan) => acceptVariableRates || !plan.variable)
    .map((plan) => ({ ...plan, annualCost: costOf(plan, usage) }));
  const costs = fitting.map((plan) => plan.annualCost);
  const cheapest = Math.min(...costs);
  const range = Math.max(...costs) - cheapest || 1;
  return fitting
    .map((plan) => ({ ...plan, points: Math.round(100 * pointsOf(plan, cheapest, range)) }))
    .toSorted((a, b) => b.points - a.points)
    .slice(0, SHOWN);
}

function pointsOf(plan, cheapest, range) {
  const { cost, flexibility, renewable, fees } = WEIGHTS;
  return (
    cost * (1 - (plan.annualCost - cheapest) / range) +
    flexibility * (1 - Math.min(plan.months, 36) / 36) +
    renewable * (plan.renewable / 100) +
    fees * (1 - Math.min(plan.exitFee, 300) / 300)
  );
}

function sum(figures) {
  return figures.reduce((total, figure) => total + figure, 0);
}
