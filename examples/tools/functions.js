/** The functions that the model may call: what it is told of each, and what runs. */

const DAY = 24 * 60 * 60 * 1000;

export const functions = {
  calculate: {
    description: "Computes an arithmetic expression, such as (3 + 4) * 12.",
    parameters: {
      type: "object",
      properties: {
        expression: { type: "string", description: "Numbers, + - * / and brackets." },
      },
      required: ["expression"],
    },
    run: ({ expression }) => calculate(String(expression)),
  },
  days_between: {
    description: "Counts the days from one date to another.",
    parameters: {
      type: "object",
      properties: {
        from: { type: "string", description: "A date, YYYY-MM-DD." },
        to: { type: "string", description: "A date, YYYY-MM-DD." },
      },
      required: ["from", "to"],
    },
    run: ({ from, to }) => Math.round((time(to) - time(from)) / DAY),
  },
};

/** Milliseconds of a date's midnight, UTC. */
function time(date) {
  const found = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(found.getTime()) || found.toISOString().slice(0, 10) !== date) {
    throw new Error(`${date} is not a date of the form YYYY-MM-DD`);
  }
  return found.getTime();
}

/**
 * The value of an expression. Never `eval`: what a model writes is a stranger's text.
 *
 *     sum = product {(+ | -) product},  product = factor {(* | /) factor},
 *     factor = - factor | ( sum ) | number
 */
function calculate(expression) {
  const tokens = expression.match(/\d+\.?\d*|\.\d+|\S/g) ?? [];
  let at = 0;

  function sum() {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") {
      value += tokens[at++] === "+" ? product() : -product();
    }
    return value;
  }

  function product() {
    let value = factor();
    while (tokens[at] === "*" || tokens[at] === "/") {
      value = tokens[at++] === "*" ? value * factor() : value / factor();
    }
    return value;
  }

  function factor() {
    const token = tokens[at++];
    if (token === "-") {
      return -factor();
    }
    if (token === "(") {
      const value = sum();
      if (tokens[at++] !== ")") {
        throw new Error(`a bracket is not closed in ${expression}`);
      }
      return value;
    }
    const value = token === undefined ? NaN : Number(token);
    if (Number.isNaN(value)) {
      throw new Error(`${expression} is not arithmetic`);
    }
    return value;
  }

  const value = sum();
  if (at < tokens.length || !Number.isFinite(value)) {
    throw new Error(`${expression} has no value`);
  }
  return value;
}
