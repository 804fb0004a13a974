import { type Message, type MessageFields } from "./message.ts";
import { holds, probed } from "./probe.ts";
import { type Spec } from "./spec.ts";
import { type MessageRule } from "./table.ts";

/** `name` is the kind of message ("sale", "sale reply"); `field` the first that is wrong. */
export type MessageCheck =
  | { readonly outcome: "complete"; readonly name: string }
  | { readonly outcome: "missing"; readonly field: string; readonly name?: string }
  | { readonly outcome: "forbidden"; readonly field: string; readonly name: string }
  | { readonly outcome: "unknown" };

/**
 * Whether a message has the fields that its kind must have and none that it must not have, by its
 * type, processing code and DE 60.1, 60.3 or 70. Missing fields come before forbidden ones.
 */
export function checkMessage(spec: Spec, message: Message): MessageCheck {
  const { fields } = message;
  const candidates = spec.rules.get(message.mti) ?? [];
  const rule = candidates.find((candidate) => fits(candidate, fields));
  if (rule === undefined) {
    const unasked = candidates
      .flatMap((candidate) => candidate.match)
      .find((probe) => probed(fields, probe) === undefined);
    return unasked === undefined
      ? { outcome: "unknown" }
      : { outcome: "missing", field: unasked.field };
  }
  const { name } = rule;
  const met = rule.when.filter((condition) => holds(condition.probe, fields));
  const mandatory = [...rule.mandatory, ...met.flatMap((condition) => condition.mandatory ?? [])];
  const missing = mandatory.find((field) => fields[field] === undefined);
  if (missing !== undefined) return { outcome: "missing", field: missing, name };
  const forbidden = [...rule.forbidden, ...met.flatMap((condition) => condition.forbidden ?? [])];
  const surplus = forbidden.find((field) => fields[field] !== undefined);
  if (surplus !== undefined) return { outcome: "forbidden", field: surplus, name };
  return { outcome: "complete", name };
}

function fits(rule: MessageRule, fields: MessageFields): boolean {
  return rule.match.every((probe) => {
    if (rule.reply === true && fields[probe.field] === undefined) return true;
    return holds(probe, fields);
  });
}
