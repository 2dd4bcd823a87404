// Preloaded into a client under test: a connection that leaves this machine fails, and is noted in
// the file $LEFT_FOR.
const fs = require("node:fs");
const net = require("node:net");

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  const options = typeof first === "object" ? first : { port: first, host: args[1] };
  const host = options.host ?? "localhost";
  if (!options.path && !LOOPBACK.has(host)) {
    fs.appendFileSync(process.env.LEFT_FOR, `${host}:${options.port}\n`);
    process.nextTick(() => this.destroy(new Error(`${host} is not on this machine`)));
    return this;
  }
  return connect.apply(this, args);
};
