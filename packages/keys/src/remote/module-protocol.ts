/**
 * The wire of a security module in a process of its own. A frame is a length of 4 bytes, big
 * endian, and that many bytes of UTF-8 JSON: `{"v":1,"id":7,"commands":[…]}` to the module and
 * `{"v":1,"id":7,"answers":[…]}` from it, or `{"v":1,"id":7,"failed":true}` where the module could
 * not answer at all. Bytes inside are base64. A batch is answered whole and in its order.
 */
import { concat } from "@tillway/bytes";
import {
  type Answer,
  type Command,
  type CommandName,
  commandForms,
  isCommandName,
  refusals,
  type Refused,
} from "../module/security-module.ts";
import { type JsonFault, readFields, writeFields } from "./form-json.ts";

/** A frame or its contents are not what the protocol says. Holds nothing of what was read. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: "too-long" | "not-json" | "version" | "form";
  /** Where in the frame, as `answers.3.mac`. */
  readonly path: string;

  constructor(code: ProtocolError["code"], path: string, message: string) {
    super(`${path === "" ? "frame" : path}: ${message}`);
    this.code = code;
    this.path = path;
  }
}

/** Longest frame that is written or read where nobody says otherwise. */
export const usualMaximum = 4 * 1024 * 1024;

/** A batch of commands; what is no command stands as the refusal that it gets. */
export type RequestBatch = {
  readonly id: number;
  readonly commands: readonly (Command | Refused)[];
};

/** The answers of a batch; undefined where the module failed. */
export type ResponseBatch = {
  readonly id: number;
  readonly answers: readonly Answer<Command>[] | undefined;
};

/** A command as JSON, to be joined into a batch. */
export function encodeCommand(command: Command): string {
  const { do: name } = command;
  const fields = isCommandName(name) ? commandForms[name].in : {};
  return JSON.stringify({ do: name, ...writeFields(fields, command) });
}

/** A frame of a batch of encoded commands. */
export function encodeRequest(id: number, commands: readonly string[]): Uint8Array {
  return frame(`{"v":1,"id":${id},"commands":[${commands.join(",")}]}`);
}

/** A frame of the answers to a batch; without answers it says that the module failed. */
export function encodeResponse(
  id: number,
  answered?: { readonly names: readonly (CommandName | undefined)[]; readonly answers: Answers },
): Uint8Array {
  if (answered === undefined) return frame(JSON.stringify({ v: 1, id, failed: true }));
  const answers = answered.answers.map((answer, at) => {
    const name = answered.names[at];
    if (!answer.ok || name === undefined) return answer;
    return { ok: true, ...writeFields(commandForms[name].out, answer) };
  });
  return frame(JSON.stringify({ v: 1, id, answers }));
}

type Answers = readonly Answer<Command>[];

/** The batch in a frame's contents. Throws ProtocolError where it is none. */
export function decodeRequest(contents: Uint8Array): RequestBatch {
  const { id, body } = readBody(contents);
  const list = body["commands"];
  if (!Array.isArray(list)) throw new ProtocolError("form", "commands", "is not a list");
  return { id, commands: list.map(readCommand) };
}

/**
 * The answers in a frame's contents. `names` gives the commands of a batch that waits; undefined
 * where no such batch does. Throws ProtocolError on anything but answers to those commands.
 */
export function decodeResponse(
  contents: Uint8Array,
  names: (id: number) => readonly string[] | undefined,
): ResponseBatch {
  const { id, body } = readBody(contents);
  const expected = names(id);
  if (expected === undefined) throw new ProtocolError("form", "id", "is of no batch that waits");
  if (body["failed"] === true) return { id, answers: undefined };
  const list = body["answers"];
  if (!Array.isArray(list) || list.length !== expected.length) {
    throw new ProtocolError("form", "answers", "is not a list of one answer for each command");
  }
  const answers = expected.map((name, at) => readAnswer(list[at], name, `answers.${at}`));
  return { id, answers };
}

/** Puts frames together from the chunks of a stream; keeps at most one unfinished frame. */
export function createFrameReader(maximum: number = usualMaximum): {
  /** Contents of the frames that are whole now. Throws ProtocolError on one that is too long. */
  readonly push: (chunk: Uint8Array) => Uint8Array[];
} {
  let parts: Uint8Array[] = [];
  let held = 0;
  let wanted: number | undefined;
  return {
    push: (chunk) => {
      parts.push(chunk);
      held += chunk.length;
      if (held < (wanted ?? 4)) return [];
      const bytes = concat(...parts);
      const whole: Uint8Array[] = [];
      let at = 0;
      wanted = undefined;
      while (bytes.length - at >= 4) {
        const length = new DataView(bytes.buffer, at).getUint32(0);
        if (length > maximum) throw new ProtocolError("too-long", "", "is longer than allowed");
        if (bytes.length - at < 4 + length) {
          wanted = 4 + length;
          break;
        }
        whole.push(bytes.slice(at + 4, at + 4 + length));
        at += 4 + length;
      }
      parts = at === bytes.length ? [] : [bytes.slice(at)];
      held = bytes.length - at;
      return whole;
    },
  };
}

function frame(text: string): Uint8Array {
  const contents = new TextEncoder().encode(text);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, contents.length);
  return concat(length, contents);
}

function readBody(contents: Uint8Array): { id: number; body: Record<string, unknown> } {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(contents));
  } catch {
    throw new ProtocolError("not-json", "", "is no JSON");
  }
  if (!isRecord(body)) throw new ProtocolError("form", "", "is no object");
  if (body["v"] !== 1) throw new ProtocolError("version", "v", "is another version than 1");
  const id = body["id"];
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) {
    throw new ProtocolError("form", "id", "is no number");
  }
  return { id, body };
}

function readCommand(value: unknown): Command | Refused {
  const name = isRecord(value) ? value["do"] : undefined;
  if (!isRecord(value) || typeof name !== "string" || !isCommandName(name)) {
    return malformed("command", "do");
  }
  const { do: _, ...rest } = value;
  const read = readFields(commandForms[name].in, rest);
  if (!read.ok) return malformed(name, read.path);
  // The forms say what the type says; the compiler compared them.
  return { do: name, ...read.value } as Command;
}

function malformed(name: string, place: string): Refused {
  return {
    ok: false,
    refused: "malformed",
    message: `${name}: ${place} is not of the expected form`,
  };
}

function readAnswer(value: unknown, name: string, path: string): Answer<Command> {
  if (!isRecord(value)) throw new ProtocolError("form", path, "is no object");
  const { ok, ...rest } = value;
  if (ok === false) return readRefused(rest, path);
  if (ok !== true || !isCommandName(name)) throw new ProtocolError("form", path, "is no answer");
  const read = readFields(commandForms[name].out, rest);
  if (!read.ok) throw new ProtocolError("form", `${path}.${read.path}`, says[read.fault]);
  return { ok: true, ...read.value } as Answer<Command>;
}

function readRefused(value: Record<string, unknown>, path: string): Refused {
  const { message } = value;
  const refused = refusals.find((known) => known === value["refused"]);
  if (refused === undefined || typeof message !== "string") {
    throw new ProtocolError("form", path, "is no refusal");
  }
  return { ok: false, refused, message };
}

const says: Readonly<Record<JsonFault, string>> = {
  missing: "is missing",
  form: "is not of its form",
  unknown: "is not known",
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
