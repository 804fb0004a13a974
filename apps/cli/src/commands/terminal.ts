import { findDevice } from "../system/payment.ts";
import type { Command } from "./command.ts";

type Answer = { readonly outcome: string; readonly responseCode?: string };

/** A management message that a terminal sends when told to. */
function management(path: string, meaning: string): Command {
  return {
    words: `${path} [--terminal TID]`,
    meaning,
    flags: { terminal: { takes: "TID", meaning: "the terminal (default: the first)" } },
    run: async (given, { data }) => {
      const device = await findDevice(data, given.value("terminal"));
      const answer = (await device.post(path)) as Answer;
      const code = answer.responseCode === undefined ? "" : ` ${answer.responseCode}`;
      return {
        exit: answer.outcome === "approved" ? 0 : 2,
        text: `${device.tid}: ${path} ${answer.outcome}${code}`,
        json: { terminal: device.tid, ...answer },
      };
    },
  };
}

export const signIn = management("sign-in", "a terminal asks for fresh working keys");
export const echo = management("echo", "a terminal asks the acquirer whether it is there");
