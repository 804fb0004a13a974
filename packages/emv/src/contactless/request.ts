/** What the host is asked, once the card has answered and may be taken away. */
import { fromAscii } from "@tillway/bytes";
import { onlineRequest, panOf } from "../kernel/fields.ts";
import { uiRequest } from "./messages.ts";
import type { Tap, TapSession } from "./state.ts";
import type { TapRequest, TapStep } from "./steps.ts";

/** Whether PIN and signature were left out for the small amount only. */
export function withoutPin(tap: Tap): boolean {
  return tap.candidate.offer.waived && tap.cvm === "none";
}

/** DE 22: 07 contactless chip, 91 contactless magnetic stripe [U]; third digit 1 with a PIN. */
export function entryModeOf(tap: Tap): string {
  return `${tap.mode === "emv" ? "07" : "91"}${tap.cvm === "online-pin" ? "1" : "2"}`;
}

export function askPin(session: TapSession, tap: Tap): TapStep {
  session.wait = "pin";
  const ui = uiRequest("enter-pin", "card-read-successfully");
  return { type: "enter-online-pin", pan: panOf(tap.emv), ui };
}

/** The request: everything of unionpay-pos §2.7, or the dynamic track of magnetic-stripe mode. */
export function askHost(session: TapSession, tap: Tap): TapStep {
  session.wait = "host";
  session.requestOpen = true;
  tap.emv.terminal.delete("8A");
  const base = onlineRequest(tap.emv);
  const { candidate, dynamicTrack2 } = tap;
  const magstripe = tap.mode === "magstripe";
  const request: TapRequest = {
    ...base,
    aid: candidate.aid,
    label: candidate.label,
    ...(dynamicTrack2 === undefined ? {} : { track2: dynamicTrack2 }),
    data: magstripe ? new Uint8Array(0) : base.data,
    cvm: tap.cvm,
    kernel: candidate.offer.combination.kernel,
    mode: tap.mode,
    entryMode: entryModeOf(tap),
    noPinNoSignature: withoutPin(tap),
  };
  return { type: "go-online", request, ui: uiRequest("authorising", "card-read-successfully") };
}

/** Notes the host's answer; whether it approves is the terminal's list of codes. */
export function noteAnswer(session: TapSession, responseCode: string): void {
  session.requestOpen = false;
  session.hostAnswered = true;
  session.responseCode = responseCode;
  session.hostApproved = session.configuration.terminal.approvalCodes.includes(responseCode);
  const told = /^[\x20-\x7e]{2}$/.test(responseCode) ? responseCode : "96";
  session.tap?.emv.terminal.set("8A", fromAscii(told));
}
