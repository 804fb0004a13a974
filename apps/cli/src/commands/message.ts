import { readFileSync } from "node:fs";
import { fromHex, toHex } from "@tillway/bytes";
import {
  decode as decodeMessage,
  describe,
  encode as encodeMessage,
  FrameError,
  framingNames,
  maskFields,
  MessageError,
  readFrame,
  recognise,
  specs,
  writeFrame,
  type FramingName,
  type Spec,
} from "@tillway/iso8583";
import { CommandError } from "../output.ts";
import type { Command } from "./command.ts";
import { inputText } from "./input.ts";

const specNames = [...specs.keys()];

const flags = {
  spec: { takes: "NAME", meaning: `the dialect: ${specNames.join(", ")}` },
  framing: { takes: "NAME", meaning: `what surrounds the message: ${framingNames.join(", ")}` },
  unmask: { meaning: "show card data" },
};

function specOf(name: string): Spec {
  const spec = specs.get(name);
  if (!spec) throw new CommandError(`there is no spec ${name}; there are: ${specNames.join(", ")}`);
  return spec;
}

function framingOf(name: string): FramingName {
  const framing = framingNames.find((one) => one === name);
  if (!framing)
    throw new CommandError(`there is no framing ${name}; there are: ${framingNames.join(", ")}`);
  return framing;
}

/** A codec's refusal as the command's: its code, path and offset, never the data. */
function refused(error: unknown): never {
  if (error instanceof MessageError) {
    const { code, path, offset, message } = error;
    throw new CommandError(message, { error: { code, path, offset, message } });
  }
  if (error instanceof FrameError || error instanceof RangeError) {
    const { message } = error;
    throw new CommandError(message, { error: { code: "frame", path: [], offset: 0, message } });
  }
  throw error;
}

export const decode: Command = {
  words: "decode HEX|-",
  meaning: "dissect an ISO 8583 message",
  flags,
  run: async (given) => {
    try {
      const bytes = fromHex(inputText(given.rest).replaceAll(/\s/g, ""));
      const seen = recognise(bytes);
      const specName = given.value("spec") ?? seen?.spec.name;
      const framingName = given.value("framing") ?? seen?.framing;
      if (!specName || !framingName) {
        throw new CommandError("the message is not recognised: name --spec and --framing");
      }
      const spec = specOf(specName);
      const framing = framingOf(framingName);
      const frame = readFrame(framing, bytes);
      const full = decodeMessage(spec, frame.payload);
      const decoded = given.has("unmask") ? full : maskFields(spec, full);
      const { mti, bitmap, fields, parsed } = decoded;
      const around = {
        ...(frame.tpdu === undefined ? {} : { tpdu: frame.tpdu }),
        ...(frame.header === undefined ? {} : { header: frame.header }),
      };
      const length = frame.payload.length;
      const json = { spec: specName, framing, length, ...around, mti, bitmap, fields, parsed };
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
  readonly fields?: Readonly<Record<string, string>>;
};

function documentOf(text: string): MessageDocument {
  try {
    return JSON.parse(text) as MessageDocument;
  } catch {
    throw new CommandError(
      "standard input must hold one JSON document such as decode --json prints",
    );
  }
}

export const encode: Command = {
  words: "encode < message.json",
  meaning: "the reverse of decode --json",
  flags: { spec: flags.spec, framing: flags.framing },
  run: async (given) => {
    const document = documentOf(readFileSync(0, "utf8"));
    const { mti, fields, tpdu, header } = document;
    if (typeof mti !== "string" || typeof fields !== "object" || fields === null) {
      throw new CommandError('the document needs "mti" and "fields", as decode --json prints them');
    }
    try {
      const spec = specOf(given.value("spec") ?? document.spec ?? "unionpay-pos");
      const framing = framingOf(given.value("framing") ?? document.framing ?? "none");
      const payload = encodeMessage(spec, { mti, fields });
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
