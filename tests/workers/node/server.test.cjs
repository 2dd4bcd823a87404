// Where Fogbank is, from the options and the environment: worker/lib/server.cjs.
"use strict";

const assert = require("node:assert/strict");
const { writeFileSync, mkdtempSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const { beforeEach, test } = require("node:test");

const { external } = require("../../../worker/lib/server.cjs");

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

beforeEach(() => {
  for (const name of ["FOGBANK_URL", "FOGBANK_KEY", "NODE_EXTRA_CA_CERTS"]) {
    delete process.env[name];
  }
});

test("the server is the one of this machine, without a key", () => {
  const http = { style: 0, injectRequestHeaders: [] };
  assert.deepEqual(external(), { address: "127.0.0.1:8686", http });
});

test("the environment says where it is and with which key", () => {
  process.env.FOGBANK_URL = "http://models.example:9000/";
  process.env.FOGBANK_KEY = "fogbank-secret";
  const injectRequestHeaders = [{ name: "Authorization", value: "Bearer fogbank-secret" }];
  assert.deepEqual(external(), {
    address: "models.example:9000",
    http: { style: 0, injectRequestHeaders },
  });
});

test("options come before the environment, empty ones do not count", () => {
  process.env.FOGBANK_URL = "http://127.0.0.1:1";
  process.env.FOGBANK_KEY = "a";
  const { address, http } = external({ url: "http://127.0.0.1:2", key: "b" });
  assert.equal(address, "127.0.0.1:2");
  assert.equal(http.injectRequestHeaders[0].value, "Bearer b");
  assert.equal(external({ url: "", key: "" }).address, "127.0.0.1:1");
});

for (const [url, address] of [
  ["http://localhost:8686", "localhost:8686"],
  ["http://models.example", "models.example:80"],
  ["http://[::1]:8686/", "[::1]:8686"],
  ["HTTP://Models.Example:80", "models.example:80"],
]) {
  test(`${url} is ${address}`, () => assert.equal(external({ url }).address, address));
}

test("https is checked by the public authorities and those of NODE_EXTRA_CA_CERTS", () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "fogbank-")), "ca.pem");
  writeFileSync(file, `${CERTIFICATE}\n# another\n${CERTIFICATE}\n`);
  process.env.NODE_EXTRA_CA_CERTS = file;
  const { address, http, https } = external({ url: "https://[::1]", key: "k" });
  assert.equal(address, "[::1]:443");
  assert.equal(http, undefined);
  assert.equal(https.certificateHost, "::1");
  assert.equal(https.options.injectRequestHeaders[0].value, "Bearer k");
  const trustedCertificates = [CERTIFICATE, CERTIFICATE];
  assert.deepEqual(https.tlsOptions, { trustBrowserCas: true, trustedCertificates });
});

test("a file of authorities that cannot be read is named", () => {
  process.env.NODE_EXTRA_CA_CERTS = "/nowhere/ca.pem";
  assert.throws(() => external({ url: "https://models.example" }), /NODE_EXTRA_CA_CERTS.*ca\.pem/);
});

for (const [url, why] of [
  ["models.example:8686", /must be an http or https address/],
  ["127.0.0.1:8686", /must be an address/],
  ["nonsense", /must be an address/],
  ["ftp://models.example", /must be an http or https address/],
  ["http://models.example/client/v4", /must be an origin/],
  ["http://models.example/?a=b", /must be an origin/],
  ["http://user:word@models.example", /must be an origin/],
]) {
  test(`${url} is refused`, () => {
    assert.throws(() => external({ url }), why);
    process.env.FOGBANK_URL = url;
    assert.throws(
      () => external(),
      ({ message }) => /^Fogbank: FOGBANK_URL is "/.test(message) && !message.includes("word@"),
    );
  });
}

test("a key that would break a header is refused, and not shown", () => {
  for (const key of ["two words", "line\r\nX-Evil: 1", "schlüssel"]) {
    assert.throws(
      () => external({ key }),
      (error) => /the option `key`/.test(error.message) && !error.message.includes(key),
    );
  }
  process.env.FOGBANK_KEY = "two words";
  assert.throws(() => external(), /FOGBANK_KEY/);
});
