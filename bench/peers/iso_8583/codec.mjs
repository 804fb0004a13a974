/** iso_8583 as a subject of the codec bench: answers `run WHAT MESSAGE MILLISECONDS` lines (bench/README.md). */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [file, modules] = process.argv.slice(2);
const Iso = createRequire(`${modules}/`)("iso_8583");

/** Its own tables differ from ISO 8583:1987 in these; hex is what it calls "b". */
const text = (LenType, MaxLen, ContentType) => ({ LenType, MaxLen, ContentType, Label: "" });
const formats = {
  35: text("llvar", 37, "z"),
  43: text("fixed", 40, "ans"),
  52: text("fixed", 16, "b"),
  55: text("lllvar", 510, "b"),
};
const config = { lenHeader: false };

function read() {
  const messages = new Map();
  let fields = {};
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const words = line.split(" ");
    if (words[0] === "message") {
      fields = { 0: words[2] };
      messages.set(words[1], { bytes: Buffer.from(words[3], "hex"), fields });
    } else if (line !== "") fields[words[0]] = line.slice(words[0].length + 3);
  }
  return messages;
}

const decode = (message) => new Iso({}, formats).getIsoJSON(message.bytes, config);

function build(fields) {
  const built = {};
  for (const key of Object.keys(fields)) built[key] = fields[key];
  return built;
}

const encode = (message) => new Iso(build(message.fields), formats).getRawMessage();

function check(name, message) {
  const decoded = decode(message);
  for (const [key, value] of Object.entries(message.fields)) {
    if (String(decoded[key]).toUpperCase() !== value.toUpperCase()) {
      throw new Error(`${name}: field ${key} is read differently`);
    }
  }
  const bytes = encode(message);
  if (!Buffer.isBuffer(bytes) || !bytes.equals(message.bytes)) {
    throw new Error(`${name}: other bytes ${JSON.stringify(bytes)}`);
  }
}

let sink;

/** Nanoseconds of processor time of this thread. */
function cpuTime() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}

function run(what, message, limit) {
  let count = 0;
  const began = cpuTime();
  for (;;) {
    for (let turn = 0; turn < 20; turn += 1) {
      if (what === "decode") sink = decode(message);
      else if (what === "encode") sink = encode(message);
      else sink = new Iso(decode(message), formats).getRawMessage();
    }
    count += 20;
    const passed = cpuTime() - began;
    if (passed >= limit) return `${count} ${passed}`;
  }
}

const messages = read();
for (const [name, message] of messages) check(name, message);
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [, what, name, limit] = line.split(" ");
  console.log(run(what, messages.get(name), Number(limit) * 1e6));
}
if (sink === undefined) process.exitCode = 1;
