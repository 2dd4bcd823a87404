// Makes the pages livelier; without it every form still works. No dependency, no other origin.
"use strict";

const root = document.body.dataset.root;
const live = document.getElementById("live");
const problem = document.getElementById("problem");
const KEY = "fogbank-key";
let running = null;

function headers(accept) {
  const key = sessionStorage.getItem(KEY);
  return {
    Accept: accept,
    "X-Fragment": "1",
    "Content-Type": "application/x-www-form-urlencoded",
    ...(key ? { Authorization: `Bearer ${key}` } : {}),
  };
}

function keepKey() {
  const form = document.getElementById("key-form");
  const field = document.getElementById("key");
  form.hidden = false;
  field.value = sessionStorage.getItem(KEY) ?? "";
  field.addEventListener("input", () => sessionStorage.setItem(KEY, field.value.trim()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    refreshStatus();
  });
  field.addEventListener("change", refreshStatus);
}

async function refreshStatus() {
  const place = document.getElementById("overview");
  if (!place) return;
  const answer = await fetch(`${root}/page/status`, { headers: headers("text/html") }).catch(() => null);
  if (answer?.ok) place.innerHTML = await answer.text();
}

// Shown while something goes on; at its end only for those who listen.
function tell(words, ended = false) {
  live.textContent = words;
  live.classList.toggle("told", ended);
}

function refuse(words) {
  tell("", true);
  problem.textContent = words;
  problem.hidden = false;
  problem.focus();
}

async function reason(answer) {
  if (answer.status === 401) {
    return "This server asks for an API key: write it into the field at the top of the page. The key that was sent, if any, is not valid.";
  }
  let said = "";
  try {
    const body = await answer.json();
    said = body.error?.message ?? body.details?.message ?? body.error ?? "";
  } catch {
    said = "";
  }
  if (answer.status === 429) return `The server is busy or its limit is reached. Try again in a moment. ${said}`;
  return `The server answered with status ${answer.status}. ${said}`;
}

// The HTML comes from this server's own templates, which escape what people and models wrote.
function show(html) {
  document.getElementById("work").innerHTML = html;
  const target = document.getElementById("mistakes") ?? document.getElementById("result");
  tell(target?.id === "mistakes" ? "Some fields need another look." : "The result is below.", true);
  target?.focus();
  target?.scrollIntoView({ block: "start" });
  refreshStatus();
}

async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split(/\r?\n/);
      const name = lines.find((line) => line.startsWith("event:"))?.slice(6).trim() ?? "message";
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data) yield { name, data: JSON.parse(data) };
    }
    if (done) return;
  }
}

function stage({ stage: name, state, detail, title }) {
  const item = document.querySelector(`[data-stage="${CSS.escape(name)}"]`);
  if (item) {
    item.dataset.state = state;
    item.querySelector("small").textContent = detail;
  }
  tell(`${title}: ${detail}`);
}

async function follow(answer) {
  for await (const { name, data } of events(answer)) {
    if (name === "stage") stage(data);
    if (name === "page") return show(data.html);
    if (name === "refused") return refuse(data.message);
  }
  refuse("The connection ended before the result came.");
}

async function submit(form, button) {
  running?.abort();
  const mine = (running = new AbortController());
  problem.hidden = true;
  button?.setAttribute("aria-disabled", "true");
  tell(form.dataset.waiting ?? "Working …");
  const streams = "stream" in form.dataset;
  if (streams) for (const item of document.querySelectorAll("[data-stage]")) item.dataset.state = "waiting";
  document.getElementById("stages")?.removeAttribute("hidden");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: headers(streams ? "text/event-stream, text/html" : "text/html"),
      body: new URLSearchParams(new FormData(form)),
      signal: mine.signal,
    });
    const type = answer.headers.get("Content-Type") ?? "";
    if (type.startsWith("text/event-stream")) await follow(answer);
    else if (type.startsWith("text/html")) show(await answer.text());
    else refuse(await reason(answer));
  } catch (error) {
    if (mine.signal.aborted) return;
    refuse(`The server could not be reached (${error.message}). Is it still running?`);
  } finally {
    button?.removeAttribute("aria-disabled");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("enhanced" in form.dataset)) return;
  event.preventDefault();
  if (event.submitter?.getAttribute("aria-disabled") === "true") return;
  submit(form, event.submitter);
});

keepKey();
if (sessionStorage.getItem(KEY)) refreshStatus();
