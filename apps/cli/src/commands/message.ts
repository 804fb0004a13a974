import { readFileSync } from "node:fs";
import { fromHex, toHex } from "@tillway/bytes";
import {
  decode as decodeMessage,
  describe,
  encode as encodeMessage,
  exportSpec,
  FrameError,
  framingNames,
  importSpec,
  maskFields,
  MessageError,
  readFrame,
  recognise,
  SpecError,
  specs,
  writeFrame,
  type FramingName,
  type Recognised,
  type Spec,
} from "@tillway/iso8583";
import type { Given } from "../arguments.ts";
import { CommandError } from "../output.ts";
import type { Command } from "./command.ts";
import { inputText } from "./input.ts";
import { padsOf, withPads, type Pads } from "./pads.ts";

const specNames = [...specs.keys()];

const flags = {
  spec: { takes: "NAME", meaning: `the dialect: ${specNames.join(", ")}, or a file FILE.json` },
  framing: { takes: "NAME", meaning: `what surrounds the message: ${framingNames.join(", ")}` },
  unmask: { meaning: "show card data" },
};

/** A spec by name, or a user's own from a JSON file (`tillway spec NAME` prints one to begin with). */
function specOf(name: string): Spec {
  if (name.endsWith(".json")) return importedSpec(name);
  const spec = specs.get(name);
  if (!spec) throw new CommandError(`there is no spec ${name}; there are: ${specNames.join(", ")}`);
  return spec;
}

function importedSpec(path: string): Spec {
  try {
    return importSpec(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof SpecError)) throw new CommandError(`${path} cannot be read`);
    const [first] = error.problems;
    const told = { code: "spec", path: first?.path ?? [], offset: 0, message: error.message };
    throw new CommandError(`${path} is no spec:\n${error.message}`, { error: told });
  }
}

function framingOf(name: string): FramingName {
  const framing = framingNames.find((one) => one === name);
  if (!framing)
    throw new CommandError(`there is no framing ${name}; there are: ${framingNames.join(", ")}`);
  return framing;
}

/** A refusal of the whole input. */
function refusal(code: string, message: string): CommandError {
  return new CommandError(message, { error: { code, path: [], offset: 0, message } });
}

/** A codec's refusal as the command's: its code, path and offset, never the data. */
function refused(error: unknown): never {
  if (error instanceof MessageError) {
    const { code, path, offset, message } = error;
    throw new CommandError(message, { error: { code, path, offset, message } });
  }
  if (error instanceof FrameError) throw refusal(`frame-${error.code}`, error.message);
  if (error instanceof RangeError) throw refusal("hex", error.message);
  throw error;
}

/** Spec and framing: as named, the others recognised. */
function found(given: Given, bytes: Uint8Array): Recognised {
  const [specName, framingName] = [given.value("spec"), given.value("framing")];
  const spec = specName === undefined ? undefined : specOf(specName);
  const framing = framingName === undefined ? undefined : framingOf(framingName);
  const seen = recognise(bytes, { ...(spec && { spec }), ...(framing && { framing }) });
  if (seen !== undefined) return seen;
  // What nothing fits is shown as it would be read, for its error.
  if (spec !== undefined) return { spec, framing: framing ?? "none" };
  throw refusal("unrecognised", "the message is not recognised: name --spec and --framing");
}

export const decode: Command = {
  words: "decode HEX|-",
  meaning: "dissect an ISO 8583 message",
  flags,
  run: async (given) => {
    try {
      const bytes = fromHex(inputText(given.rest).replaceAll(/\s/g, ""));
      const { spec, framing } = found(given, bytes);
      const frame = readFrame(framing, bytes);
      const full = decodeMessage(spec, frame.payload);
      const decoded = given.has("unmask") ? full : maskFields(spec, full);
      const { mti, bitmap, fields, parsed } = decoded;
      const around = {
        ...(frame.tpdu === undefined ? {} : { tpdu: frame.tpdu }),
        ...(frame.header === undefined ? {} : { header: frame.header }),
      };
      const pads = padsOf(spec, full, frame.payload);
      const json = {
        spec: given.value("spec") ?? spec.name,
        framing,
        length: frame.payload.length,
        ...around,
        mti,
        bitmap,
        fields,
        parsed,
        ...(Object.keys(pads).length === 0 ? {} : { pads }),
      };
      return { exit: 0, text: describe(spec, decoded), json };
    } catch (error) {
      return refused(error);
    }
  },
};

type MessageDocument = {
  readonly spec?: string;
  readonly framing?: string;
  readonly tpdu?: string;
  readonly header?: string;
  readonly mti?: string;
  readonly bitmap?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly pads?: Pads;
};

function documentOf(text: string): MessageDocument {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === "object" && document !== null) return document;
  } catch {
    // said below
  }
  throw refusal("json", "standard input must hold one JSON document such as decode --json prints");
}

export const encode: Command = {
  words: "encode < message.json",
  meaning: "the reverse of decode --json",
  flags: { spec: flags.spec, framing: flags.framing },
  run: async (given) => {
    const document = documentOf(readFileSync(0, "utf8"));
    const { mti, fields, tpdu, header, bitmap = "", pads = {} } = document;
    if (typeof mti !== "string" || typeof fields !== "object" || fields === null) {
      throw refusal("json", 'the document needs "mti" and "fields", as decode --json prints them');
    }
    try {
      const spec = withPads(specOf(given.value("spec") ?? document.spec ?? "unionpay-pos"), pads);
      const framing = framingOf(given.value("framing") ?? document.framing ?? "none");
      const payload = encodeMessage(spec, { mti, fields }, bitmap);
      const bytes = writeFrame(framing, {
        payload,
        ...(tpdu === undefined ? {} : { tpdu }),
        ...(header === undefined ? {} : { header }),
      });
      const hex = toHex(bytes);
      return { exit: 0, text: hex, json: { hex } };
    } catch (error) {
      return refused(error);
    }
  },
};

export const spec: Command = {
  words: "spec NAME",
  meaning: "a dialect as JSON, to make one's own of: decode --spec FILE.json",
  flags: {},
  run: async (given) => {
    const [name] = given.rest;
    if (name === undefined) throw new CommandError(`name a spec: ${specNames.join(", ")}`);
    const text = exportSpec(specOf(name)).trimEnd();
    return { exit: 0, text, json: JSON.parse(text) };
  },
};
