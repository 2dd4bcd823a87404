// The `cloudflare` package for Node: catalogue, token, and files to Markdown (field `files[]`).
import Cloudflare, { toFile } from "cloudflare";

const [url] = process.argv.slice(2);
const account_id = "0123456789abcdef0123456789abcdef";
const client = new Cloudflare({ apiToken: "any", baseURL: `${url}/client/v4`, maxRetries: 0 });

const names = [];
for await (const model of client.ai.models.list({ account_id, per_page: 3 })) {
  names.push(model.name);
}
const page = await toFile(Buffer.from("<h1>Carp</h1>"), "carp.html", { type: "text/html" });
const converted = [];
for await (const item of client.ai.toMarkdown.transform({ account_id, file: { files: [page] } })) {
  converted.push(item);
}
const supported = [];
for await (const item of client.ai.toMarkdown.supported({ account_id })) {
  supported.push(item.extension);
}
const token = await client.user.tokens.verify();
console.log(JSON.stringify({ names, converted, supported, status: token.status }));
