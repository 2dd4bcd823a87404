"use strict";

/**
 * What the preload changes in wrangler itself: AI bindings need no session with Cloudflare, which
 * wrangler would open for them even where nothing else is remote, and which wants a login.
 */

const WITH_VALUE = ["--config", "-c", "--cwd", "--env", "-e", "--env-file", "--profile"];
const PICK = /function pickRemoteBindings\((\w+)\) \{/;

/**
 * Whether these arguments of wrangler run a Worker on this machine.
 *
 * @param {string[]} args
 * @returns {boolean}
 */
function isDev(args) {
  const at = args.findIndex((arg, i) => !arg.startsWith("-") && !WITH_VALUE.includes(args[i - 1]));
  const command = args[at] === "pages" ? args[at + 1] : args[at];
  return command === "dev" && !says(args, "--remote", "-r");
}

/**
 * Whether these arguments of wrangler rule out all that is remote.
 *
 * @param {string[]} args
 * @returns {boolean}
 */
function isLocal(args) {
  return says(args, "--local", "-l");
}

/**
 * @param {string[]} args
 * @param {string[]} names
 * @returns {boolean}
 */
function says(args, ...names) {
  return args.some((arg) => names.includes(arg));
}

/**
 * The source of wrangler, in which AI bindings are not among those to be reached at Cloudflare.
 *
 * Where it has no such function it stays as it is, and `wrangler dev` needs `--local`.
 *
 * @param {string} source
 * @returns {string}
 */
function withoutRemoteAi(source) {
  return source.replace(
    PICK,
    (head, bindings) =>
      `${head} ${bindings} = Object.fromEntries(Object.entries(${bindings} ?? {})` +
      '.filter(([, binding]) => binding.type !== "ai"));',
  );
}

module.exports = { isDev, isLocal, withoutRemoteAi };
