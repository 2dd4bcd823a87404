"use strict";

/**
 * Unpacks a Worker for plain workerd: its modules, and `worker.capnp`, which names them.
 *
 *     npx wrangler deploy --dry-run --outfile worker.bundle
 *     node unpack.cjs worker.bundle FOLDER [SECRET...]
 *
 * The bundle is what wrangler would upload (multipart: `metadata`, then the modules), so nothing of
 * the Worker's configuration is interpreted here a second time. Each SECRET is a binding that the
 * Worker gets from workerd's environment, as are those of `secrets.required`.
 */

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const BOUNDARY = /^--([^\r\n]+)\r\n/;

const CONFIG = "worker.capnp";

/** How the Content-Type of an uploaded module is called in a workerd config. */
const MODULES = new Map([
  ["application/javascript+module", "esModule"],
  ["application/javascript", "commonJsModule"],
  ["application/wasm", "wasm"],
  ["application/octet-stream", "data"],
  ["text/plain", "text"],
]);
const SOURCE_MAP = "application/source-map";

const AI =
  'wrapped = (moduleName = "cloudflare-internal:ai-api", ' +
  'innerBindings = [(name = "fetcher", service = "fogbank")])';

/**
 * @typedef {{ name: string, type: string, text?: string, json?: unknown }} Binding
 * @typedef {object} Metadata
 * @property {string} [main_module]
 * @property {Binding[]} [bindings]
 * @property {string} [compatibility_date]
 * @property {string[]} [compatibility_flags]
 */

/** What the person who runs this has to change. */
class Refusal extends Error {}

/**
 * A text in Cap'n Proto's notation, which knows `\xHH` but not JSON's `\uHHHH`.
 *
 * @param {string} text
 */
function quoted(text) {
  const hex = (/** @type {string} */ c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `"${text.replace(/["\\]/g, "\\$&").replace(/[\x00-\x1f\x7f]/g, hex)}"`;
}

/** @param {string[]} entries */
function list(entries) {
  return entries.length ? `[\n    ${entries.join(",\n    ")},\n  ]` : "[]";
}

/**
 * A binding as workerd has it; `undefined` for what only Cloudflare or Miniflare provides.
 *
 * @param {Binding} binding
 */
function value(binding) {
  switch (binding.type) {
    case "ai":
      return AI;
    case "plain_text":
      return `text = ${quoted(binding.text ?? "")}`;
    case "json":
      return `json = ${quoted(JSON.stringify(binding.json))}`;
    case "inherit": // what wrangler makes of a secret that is already there
      return `fromEnvironment = ${quoted(binding.name)}`;
    default:
      return undefined;
  }
}

/**
 * @param {Metadata} metadata
 * @param {string[]} secrets
 */
function bindings(metadata, secrets) {
  const known = new Map((metadata.bindings ?? []).map((binding) => [binding.name, binding]));
  for (const name of secrets) {
    known.set(name, { name, type: "inherit" });
  }
  const missing = [...known.values()].filter((binding) => value(binding) === undefined);
  if (missing.length) {
    const names = missing.map(({ name, type }) => `${name} (${type})`).join(", ");
    throw new Refusal(
      `the Worker has bindings that workerd alone does not provide: ${names}. ` +
        "Bundle an environment without them (wrangler deploy --env), or write a config by hand.",
    );
  }
  return [...known.values()].map((each) => `(name = ${quoted(each.name)}, ${value(each)})`);
}

/**
 * The name by which other modules import it, which is also its file's.
 *
 * @param {string} name
 */
function moduleName(name) {
  const normal = path.posix.normalize(name);
  if (normal.startsWith("/") || normal === ".." || normal.startsWith("../")) {
    throw new Refusal(`the module ${name} lies outside of the Worker`);
  }
  if (normal === CONFIG) {
    throw new Refusal(`the module ${name} has the name of the file that names all of them`);
  }
  return normal;
}

/**
 * The parts of a bundle.
 *
 * @param {Buffer} bundle
 */
async function read(bundle) {
  const boundary = BOUNDARY.exec(bundle.toString("latin1", 0, 200))?.[1];
  const headers = { "Content-Type": `multipart/form-data; boundary=${boundary}` };
  const form = await new Response(bundle, { headers }).formData().catch(() => undefined);
  const metadata = form && object(form.get("metadata"));
  if (!metadata) {
    throw new Refusal("this is not what wrangler deploy --dry-run --outfile writes");
  }
  const files = [...form.values()].filter((part) => part instanceof File);
  return {
    metadata,
    modules: files.filter((file) => file.type !== SOURCE_MAP),
  };
}

/**
 * The object that a text is in JSON, if it is one.
 *
 * @param {unknown} text
 * @returns {Metadata | undefined}
 */
function object(text) {
  try {
    const found = JSON.parse(String(text));
    return typeof found === "object" && !Array.isArray(found) ? (found ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The modules as workerd has them, the main one first.
 *
 * @param {File[]} files
 * @param {string} main
 */
function modules(files, main) {
  const rows = files.map((file) => {
    const kind = MODULES.get(file.type);
    if (!kind) {
      throw new Refusal(`the module ${file.name} is ${file.type}, which is not supported`);
    }
    const name = moduleName(file.name);
    return { name, row: `(name = ${quoted(name)}, ${kind} = embed ${quoted(name)})` };
  });
  const first = moduleName(main);
  rows.sort((a, b) => Number(b.name === first) - Number(a.name === first));
  return rows.map(({ row }) => row);
}

/**
 * The text of `worker.capnp`.
 *
 * @param {Buffer} bundle
 * @param {Metadata} metadata
 * @param {File[]} files
 * @param {string[]} secrets
 */
function config(bundle, metadata, files, secrets) {
  if (!metadata.main_module) {
    throw new Refusal("the Worker has no modules: workerd needs `export default`");
  }
  if (!metadata.compatibility_date) {
    throw new Refusal("the Worker's wrangler configuration has no compatibility_date");
  }
  // Every file of Cap'n Proto has an id, whose highest bit is set.
  const id = createHash("sha256").update(bundle).digest().readBigUInt64BE() | (1n << 63n);
  return `# Written by unpack.cjs. Every unpacking writes it anew: change config.capnp instead.
@0x${id.toString(16)};
using Workerd = import "/workerd/workerd.capnp";

const worker :Workerd.Worker = (
  compatibilityDate = ${quoted(metadata.compatibility_date)},
  compatibilityFlags = ${list((metadata.compatibility_flags ?? []).map(quoted))},
  modules = ${list(modules(files, metadata.main_module))},
  bindings = ${list(bindings(metadata, secrets))},
);
`;
}

/**
 * @param {string} file a bundle
 * @param {string} folder where it is unpacked; made where it is missing
 * @param {string[]} secrets
 */
async function unpack(file, folder, secrets) {
  const bundle = fs.readFileSync(file);
  const parts = await read(bundle);
  const text = config(bundle, parts.metadata, parts.modules, secrets);
  for (const module of parts.modules) {
    const target = path.join(folder, moduleName(module.name));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, Buffer.from(await module.arrayBuffer()));
  }
  fs.writeFileSync(path.join(folder, CONFIG), text);
}

async function main() {
  const [file, folder, ...secrets] = process.argv.slice(2);
  if (!file || !folder) {
    throw new Refusal("usage: node unpack.cjs worker.bundle FOLDER [SECRET...]");
  }
  await unpack(file, folder, secrets);
}

main().catch((error) => {
  const known = error instanceof Refusal || error.code;
  process.stderr.write(`unpack: ${known ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
