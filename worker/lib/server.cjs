"use strict";

const { readFileSync } = require("node:fs");

const DEFAULT_URL = "http://127.0.0.1:8686";

/**
 * Where Fogbank answers.
 *
 * @typedef {object} FogbankOptions
 * @property {string} [url] its address; else `FOGBANK_URL`, else http://127.0.0.1:8686
 * @property {string} [key] its API key; else `FOGBANK_KEY`, else none is sent
 *
 * @typedef {object} Header
 * @property {string} name
 * @property {string} value
 *
 * @typedef {object} Http workerd's HttpOptions
 * @property {0} style `host`: request lines in origin form
 * @property {Header[]} injectRequestHeaders
 *
 * @typedef {object} External workerd's ExternalServer
 * @property {string} address host:port
 * @property {Http} [http]
 * @property {Https} [https]
 *
 * @typedef {object} Https
 * @property {Http} options
 * @property {string} certificateHost
 * @property {{trustBrowserCas: true, trustedCertificates: string[]}} tlsOptions
 */

/**
 * The address in force, as it was written.
 *
 * @param {FogbankOptions} [options]
 * @returns {string}
 */
function urlOf(options = {}) {
  return options.url || process.env.FOGBANK_URL || DEFAULT_URL;
}

/**
 * The address in force, parsed.
 *
 * @param {FogbankOptions} [options]
 * @returns {URL}
 * @throws {Error} that says what is wrong with it
 */
function parsed(options = {}) {
  const text = urlOf(options);
  const where = options.url ? "the option `url`" : "FOGBANK_URL";
  const shown = text.replace(/\/\/.*@/, "//...@"); // no password in the logs of a build
  /** @param {string} why */
  const refusal = (why) =>
    new Error(`Fogbank: ${where} is ${JSON.stringify(shown)}: ${why}, such as ${DEFAULT_URL}.`);

  let url;
  try {
    url = new URL(text);
  } catch {
    throw refusal("it must be an address");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refusal("it must be an http or https address");
  }
  if (url.pathname !== "/" || url.search || url.hash || url.username || url.password) {
    throw refusal("it must be an origin, without path, query, user or password");
  }
  return url;
}

/**
 * The port of an address, told or not.
 *
 * @param {URL} url
 * @returns {number}
 */
function portOf({ port, protocol }) {
  return Number(port) || (protocol === "https:" ? 443 : 80);
}

/**
 * The key in force, if any.
 *
 * @param {FogbankOptions} [options]
 * @returns {string | undefined}
 * @throws {Error} for what cannot be the value of a header
 */
function keyOf(options = {}) {
  const key = options.key || process.env.FOGBANK_KEY;
  if (key && !/^[\x21-\x7e]+$/.test(key)) {
    const where = options.key ? "the option `key`" : "FOGBANK_KEY";
    throw new Error(`Fogbank: ${where} holds white space or characters that no key has.`);
  }
  return key || undefined;
}

/**
 * The server as workerd reaches it.
 *
 * @param {FogbankOptions} [options]
 * @returns {External}
 * @throws {Error} for an address or a key that cannot be used
 */
function external(options = {}) {
  const url = parsed(options);
  const key = keyOf(options);
  const address = `${url.hostname}:${portOf(url)}`;
  /** @type {Http} */
  const http = {
    style: 0,
    injectRequestHeaders: key ? [{ name: "Authorization", value: `Bearer ${key}` }] : [],
  };
  if (url.protocol === "http:") {
    return { address, http };
  }
  const tlsOptions = { trustBrowserCas: /** @type {const} */ (true), trustedCertificates: ownCas() };
  const certificateHost = url.hostname.replace(/^\[|\]$/g, "");
  return { address, https: { options: http, certificateHost, tlsOptions } };
}

/**
 * The certificate authorities of the house, which Node and wrangler are told by the same variable.
 *
 * @returns {string[]} PEM, one certificate each
 */
function ownCas() {
  const path = process.env.NODE_EXTRA_CA_CERTS;
  if (!path) {
    return [];
  }
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`Fogbank: NODE_EXTRA_CA_CERTS cannot be read: ${error}`);
  }
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

module.exports = { external, parsed, portOf, urlOf };
