"use strict";

/** What wrangler says of AI bindings, which is not true once Fogbank serves them. */

const { urlOf } = require("./server.cjs");

const CHARGES = /AI bindings always access (your )?remote resources/;
const ROW = /^((?:\x1b\[[\d;]*m)*env\..*[\sm]AI(?:\s|\x1b\[[\d;]*m)+)(?:not supported|remote)/gm;

let corrects = false;

/**
 * Corrects what wrangler prints in this process: its table of bindings, and its warning of charges,
 * in whose place one line says where Fogbank is.
 *
 * @param {import("./server.cjs").FogbankOptions} [fogbank]
 */
function correctPrints(fogbank) {
  if (corrects) {
    return;
  }
  corrects = true;
  let said = false;
  for (const level of /** @type {const} */ (["log", "info", "warn"])) {
    const print = console[level];
    console[level] = (first, ...others) => {
      if (typeof first !== "string") {
        print.call(console, first, ...others);
      } else if (!CHARGES.test(first)) {
        print.call(console, first.replace(ROW, "$1Fogbank"), ...others);
      } else if (!said) {
        said = true;
        print.call(console, `Fogbank serves env.AI from ${urlOf(fogbank)}: no account, no charges.`);
      }
    };
  }
}

module.exports = { correctPrints };
