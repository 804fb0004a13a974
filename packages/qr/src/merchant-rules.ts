import { fault, faultOf, QrError, type QrFault } from "./errors.ts";
import {
  type Format,
  nestedRules,
  nestedTemplates,
  type ObjectRule,
  rootRules,
  ruleFor,
} from "./merchant-tables.ts";
import { HEAD, type PlacedObject, readObjects } from "./objects.ts";

const formats: Readonly<Record<Format, readonly [RegExp, string]>> = {
  n: [/^\d*$/, "digits"],
  ans: [/^[\x20-\x7e]*$/, "printable ASCII"],
  s: [/^[^\p{Cc}]*$/u, "text without control characters"],
};

/**
 * The data objects of a root with their templates opened, and every departure from the tables:
 * what is missing first, then each object's first fault in the order of the text.
 */
export function judge(
  root: readonly PlacedObject[],
  end: number,
): { readonly tree: readonly PlacedObject[]; readonly faults: readonly QrFault[] } {
  const faults = missing(root, rootRules, [], end);
  if (!root.some(({ id }) => "02" <= id && id <= "51")) {
    faults.push(fault("missing", ["02"], end, "no merchant account (02 to 51)"));
  }
  return { tree: level(root, rootRules, [], faults), faults };
}

function level(
  objects: readonly PlacedObject[],
  rules: readonly ObjectRule[],
  path: readonly string[],
  faults: QrFault[],
): PlacedObject[] {
  return objects.map((object) => {
    const rule = ruleFor(rules, object.id);
    if (rule === undefined) return object;
    const inside = [...path, object.id];
    const wrong = valueFault(object, rule, inside);
    if (wrong !== undefined) faults.push(wrong);
    return rule.template === undefined ? object : open(object, rule.template, inside, faults);
  });
}

/** A template's data objects; one that cannot be cut into any stays text, with its fault. */
function open(
  object: PlacedObject,
  rules: readonly ObjectRule[],
  path: readonly string[],
  faults: QrFault[],
): PlacedObject {
  const start = object.offset + HEAD;
  let children: PlacedObject[];
  try {
    children = readObjects([...object.value], path, start);
  } catch (error) {
    if (!(error instanceof QrError)) throw error;
    const { code, path: where, offset, message } = faultOf(error);
    // What is no template at all is told apart from a template with one bad object.
    faults.push({ code: code === "duplicate" ? code : "template", path: where, offset, message });
    return object;
  }
  faults.push(...missing(children, rules, path, start + [...object.value].length));
  const nested = nestedIn(children);
  const opened = level(children, rules, path, faults).map((child) =>
    nested.includes(child.id) ? open(child, nestedRules, [...path, child.id], faults) : child,
  );
  return { ...object, children: opened };
}

function nestedIn(children: readonly PlacedObject[]): readonly string[] {
  const guid = children.find(({ id }) => id === "00")?.value ?? "";
  return (Object.hasOwn(nestedTemplates, guid) ? nestedTemplates[guid] : undefined) ?? [];
}

function missing(
  objects: readonly PlacedObject[],
  rules: readonly ObjectRule[],
  path: readonly string[],
  end: number,
): QrFault[] {
  const there = new Set(objects.map(({ id }) => id));
  return rules
    .filter((rule) => rule.mandatory === true && !there.has(rule.from))
    .map(({ from, name }) => fault("missing", [...path, from], end, `${name.en} is missing`));
}

function valueFault(
  { offset, value }: PlacedObject,
  rule: ObjectRule,
  path: readonly string[],
): QrFault | undefined {
  const [least, most] = rule.length;
  const at = offset + HEAD;
  const length = [...value].length;
  if (length < least || length > most) {
    const size = least === most ? `${most}` : `${least} to ${most}`;
    return fault("length", path, at, `${rule.name.en} has ${size} characters`);
  }
  const [characters, called] = formats[rule.format];
  // A template's text is judged object by object.
  if (rule.template === undefined && !characters.test(value)) {
    return fault("characters", path, at, `${rule.name.en} must be ${called}`);
  }
  if (rule.shape !== undefined && !rule.shape[0].test(value)) {
    return fault("value", path, at, `${rule.name.en} must be ${rule.shape[1]}`);
  }
  return undefined;
}
