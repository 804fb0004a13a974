/** Network management (0800): sign-on, key change, echo, sign-off (ISO 8583:1987 DE 70). */
import type { MessageFields } from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import type { Member } from "./store.ts";
import type { Session } from "./session.ts";

const SIGN_ON = "001";
const SIGN_OFF = "002";
const KEY_CHANGE = "101";
const ECHO = "301";

export type ManagementParts = {
  readonly module: SecurityModule;
  readonly findMember: (institution: string) => Promise<Member | undefined>;
};

/** Carries out a management request; the fields of its reply (0810). */
export async function manage(
  parts: ManagementParts,
  session: Session,
  fields: MessageFields,
): Promise<MessageFields> {
  const answer = (code: string, more: MessageFields = {}): MessageFields => {
    const kept = ["7", "11", "33", "53", "70"].flatMap((number) => {
      const value = fields[number];
      return value === undefined ? [] : [[number, value] as const];
    });
    return { ...Object.fromEntries(kept), ...more, "39": code };
  };
  const institution = fields["33"] ?? "";
  if (fields["70"] === SIGN_ON) {
    const member = await parts.findMember(institution);
    if (!member) return answer("92");
    session.member = member;
    session.zpk = undefined;
    session.zaks = [];
    session.proven = false;
    return answer("00");
  }
  if (session.member?.institution !== institution) return answer("92");
  const asked: string = fields["70"] ?? "";
  switch (asked) {
    case ECHO:
      return answer("00");
    case SIGN_OFF:
      session.member = undefined;
      return answer("00");
    case KEY_CHANGE:
      return changeKey(parts.module, session, session.member, fields["53"] ?? "", answer);
    default:
      return answer("40");
  }
}

/** A new working key under the member's ZMK: DE 53 says which, DE 48 carries it (spec §2.10). */
async function changeKey(
  module: SecurityModule,
  session: Session,
  member: Member,
  control: string,
  answer: (code: string, more?: MessageFields) => MessageFields,
): Promise<MessageFields> {
  const forPin = control.startsWith("1");
  if (!forPin && !control.startsWith("2")) return answer("30");
  const usage = forPin ? "P0" : "M3";
  const made = await module.run({
    do: "generate-key",
    usage,
    algorithm: "tdes",
    bytes: 16,
    exportable: true,
  });
  if (!made.ok) throw new Error(made.message);
  const sent = await module.run({ do: "export-ecb", key: made.key, under: member.zmk });
  if (!sent.ok) throw new Error(sent.message);
  if (forPin) {
    session.zpk = made.key;
  } else {
    const key = { key: made.key, algorithm: member.macAlgorithm };
    session.zaks = [key, ...session.zaks].slice(0, 2);
  }
  return answer("00", { "48": `NK${sent.cipher}${sent.kcv.slice(0, 8)}` });
}
