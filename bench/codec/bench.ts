/** `bench codec`: decode, encode and both, against four other libraries, round by round in turn. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { cache, peers, peerVersions, type Peer } from "../peers/install.ts";
import { machine, median, ratio, row, type Bench, type Ratio, type Settings } from "../report.ts";
import { Subject } from "../subject.ts";
import { messageFile, messages } from "./messages.ts";

const OWN = "tillway";

const labels: Readonly<Record<string, string>> = {
  decode: "decode",
  encode: "encode",
  both: "round trip",
};

/** Every operation on every message; the name is the row's. */
const cases = messages.flatMap(({ name }) =>
  Object.entries(labels).map(([what, label]) => ({
    what,
    message: name,
    name: `${label} ${name}`,
  })),
);

type Entry = { readonly subject: Subject; readonly messages: readonly string[] };

/**
 * Rounds are short, so that all subjects see the same machine. A full run starts every subject twice:
 * what a runtime's compiler makes of a program differs from start to start.
 */
function timing(quick: boolean): {
  starts: number;
  rounds: number;
  milliseconds: number;
  warmUp: number;
} {
  return quick
    ? { starts: 1, rounds: 7, milliseconds: 60, warmUp: 400 }
    : { starts: 2, rounds: 7, milliseconds: 150, warmUp: 1200 };
}

/** Operations a second by row and subject, round by round. */
type Results = Map<string, Map<string, number[]>>;

async function measure(
  entries: readonly Entry[],
  { quick, log }: Settings,
  results: Results,
): Promise<void> {
  const { rounds, milliseconds, warmUp } = timing(quick);
  for (const { subject, messages: able } of entries) {
    log(`warming up ${subject.name}`);
    for (const { what, message } of cases) {
      if (able.includes(message)) await subject.run(what, message, warmUp);
    }
  }
  for (let round = 1; round <= rounds; round += 1) {
    log(`round ${round} of ${rounds}`);
    for (const { what, message, name } of cases) {
      const row = results.get(name) ?? new Map<string, number[]>();
      results.set(name, row);
      for (const { subject, messages: able } of entries) {
        if (!able.includes(message)) continue;
        const values = row.get(subject.name) ?? [];
        values.push(await subject.run(what, message, milliseconds));
        row.set(subject.name, values);
      }
    }
  }
}

/** Our rate over that of the fastest of the others in the same round; the median of all rounds. */
function against(results: Results, name: string, label: string, goal: number): Ratio {
  const rates = results.get(name) ?? new Map<string, number[]>();
  const own = rates.get(OWN) ?? [];
  const others = [...rates].filter(([subject]) => subject !== OWN).map(([, values]) => values);
  const fastest = others.reduce((best, values) => (median(values) > median(best) ? values : best));
  return ratio(label, median(own.map((rate, round) => rate / (fastest[round] ?? 0))), goal);
}

const ownVersion = (): string => {
  const path = join(import.meta.dirname, "..", "..", "package.json");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return version;
};

export const codecBench: Bench = async (settings) => {
  const before = loadavg()[0] ?? 0;
  mkdirSync(cache, { recursive: true });
  const plain = join(cache, "messages.txt");
  const hexText = join(cache, "messages-hex.txt");
  writeFileSync(plain, messageFile(false));
  writeFileSync(hexText, messageFile(true));
  const own: Peer = {
    command: {
      name: OWN,
      program: process.execPath,
      args: [join(import.meta.dirname, "tillway.ts")],
    },
    messages: messages.map(({ name }) => name),
  };
  const commands = [own, ...peers(plain, hexText, settings.log)];
  const results: Results = new Map();
  for (let start = 0; start < timing(settings.quick).starts; start += 1) {
    const entries = commands.map(({ command, messages: able }): Entry => ({
      subject: new Subject(command),
      messages: able,
    }));
    try {
      for (const { subject } of entries) await subject.line();
      await measure(entries, settings, results);
    } finally {
      for (const { subject } of entries) subject.close();
    }
  }
  return {
    bench: "codec",
    quick: settings.quick,
    machine: machine(before),
    versions: { [OWN]: ownVersion(), node: process.version, ...peerVersions() },
    rows: [...results].flatMap(([name, rates]) =>
      [...rates].map(([subject, values]) => row(subject, name, "messages/s", values)),
    ),
    ratios: [
      against(results, "decode financial", "decode vs fastest peer", 2),
      against(results, "encode financial", "encode vs fastest peer", 2),
      against(results, "decode bcd", "decode in BCD vs fastest peer", 2),
      against(results, "encode bcd", "encode in BCD vs fastest peer", 2),
      against(results, "decode chip", "decode with DE 55 vs fastest peer", 1),
      against(results, "encode chip", "encode with DE 55 vs fastest peer", 1),
    ],
    notes,
  };
};

const notes: readonly string[] = [
  "financial: 20 fields, ASCII with two binary bitmaps; chip: the same with DE 23 and a DE 55 of 20 objects; bcd: 19 fields, packed.",
  "Each subject is a process of its own; rounds go through all of them in turn, and a ratio is the median of what the rounds give. Each checks before it begins that it reads every field and writes the same bytes.",
  "Rates are by processor time of the one working thread, as the machine is shared; collecting garbage on other threads is not counted for anybody.",
  "decode: bytes to the library's own message. encode: that message is built anew from the values, then written (ours as one object, which costs what a literal does; set field by field in JavaScript it takes about half as long again). round trip: what was decoded is written.",
  "tillway checks every character and that DE 55 is BER-TLV; jPOS and moov-io/iso8583 take DE 55 as bytes.",
  "iso_8583 has DE 55 only as hex text, so its chip message has that form; it has no BCD.",
];
