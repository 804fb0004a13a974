/** Downloads, status and tasks of terminals: messages without money (spec unionpay-pos §2.5). */
import { fromHex, toAscii } from "@tillway/bytes";
import type { ObjectKind, Task } from "../terminals/index.ts";
import {
  answer,
  clockFields,
  refuse,
  type DeskAnswer,
  type DeskOptions,
  type Read,
} from "./counter.ts";
import { refusalFor } from "./refusals.ts";

/** What a terminal's name for the kinds of objects is in the names of the message rules. */
const kinds: Readonly<Record<string, { readonly kind: ObjectKind; readonly task: Task }>> = {
  "CA key": { kind: "ca-key", task: "ca-keys" },
  "chip parameter": { kind: "application", task: "applications" },
};

/** Whether a kind of message is management: it has no MAC, and a locked terminal may send it. */
export function isManaged(kind: string | undefined): boolean {
  return (
    kind !== undefined &&
    /^(parameter|CA key|chip parameter|blacklist) (query|download)( end)?$|^(status upload|task query)$/.test(
      kind,
    )
  );
}

const text = (hex: string | undefined): string => toAscii(fromHex(hex ?? ""));

/** Answers a management message; undefined for what is none of them. */
export async function manage(options: DeskOptions, read: Read): Promise<DeskAnswer | undefined> {
  const { kind = "", terminal } = read;
  if (!terminal) return undefined;
  const { tid } = terminal;
  const { management } = options;
  const done = (more: Record<string, string> = {}): Promise<DeskAnswer> =>
    answer(options, read, { ...clockFields(options), "39": "00", ...more });
  switch (kind) {
    case "parameter download":
      return done({ "62": await management.parameterField(tid) });
    case "parameter download end":
      await management.finished(tid, "parameters");
      return done();
    case "status upload":
      return status(options, read, tid, done);
    case "task query": {
      const version = await management.wantedSoftware(tid);
      if (version === undefined) await management.finished(tid, "software");
      return done(version === undefined ? {} : { "62": version });
    }
    case "blacklist download":
      // No card is listed by the acquirer: the issuer's answer decides about each card.
      return done({ "62": "30303030" });
    case "blacklist download end":
      return done();
  }
  const [, name = "", step = ""] = /^(.+) (query|download|download end)$/.exec(kind) ?? [];
  const objects = kinds[name];
  return objects && object(options, read, objects, step, done);
}

async function object(
  options: DeskOptions,
  read: Read,
  { kind, task }: { readonly kind: ObjectKind; readonly task: Task },
  step: string,
  done: (more?: Record<string, string>) => Promise<DeskAnswer>,
): Promise<DeskAnswer> {
  const { management } = options;
  const { "62": field = "", "41": tid = "" } = read.message.fields;
  if (step === "download end") {
    await management.finished(tid, task);
    return done();
  }
  if (step === "query") {
    const received = /^1(\d+)$/.exec(text(field))?.[1];
    if (received === undefined) return refuse(options, read, refusalFor("malformed"));
    return done({ "62": await management.list(kind, Number.parseInt(received, 10)) });
  }
  const found = await management.object(kind, field);
  // 25: there is nothing of this name.
  return found === undefined
    ? answer(options, read, { ...clockFields(options), "39": "25" })
    : done({ "62": `31${found}` });
}

/** Codes of the status upload: hardware 1 to 5; 90 tampered, 91 software version [U]. */
async function status(
  options: DeskOptions,
  read: Read,
  tid: string,
  done: () => Promise<DeskAnswer>,
): Promise<DeskAnswer> {
  const told = text(read.message.fields["62"]);
  const found = /^((?:0[1-5][01])*)(90[01])?(?:91(.{1,20}))?$/.exec(told);
  if (!found) return refuse(options, read, refusalFor("malformed"));
  const [, hardware = "", tampered, software] = found;
  await options.management.status(tid, {
    hardware: hardware === "" ? null : hardware,
    software: software ?? null,
  });
  await options.management.finished(tid, "status");
  if (tampered === "901") await options.management.tampered(tid);
  return done();
}
