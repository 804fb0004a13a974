import { type Decimals, type Money, amountText, tipObjects } from "./merchant-money.ts";
import { QrError } from "./errors.ts";
import { type DataObject, plain, type PlacedObject } from "./objects.ts";

/** A payment system's template: its globally unique identifier (ID 00), its own data objects. */
export type SystemTemplate = {
  readonly id: string;
  readonly guid: string;
  readonly data: readonly DataObject[];
};

/** 02 to 25: a card network's account number; 26 to 51: a payment system's template. */
export type MerchantAccount = { readonly id: string; readonly number: string } | SystemTemplate;

const additionalNames = {
  "01": "billNumber",
  "02": "mobileNumber",
  "03": "storeLabel",
  "04": "loyaltyNumber",
  "05": "referenceLabel",
  "06": "customerLabel",
  "07": "terminalLabel",
  "08": "purpose",
  "09": "consumerDataRequest",
  "10": "taxId",
  "11": "channel",
} as const;

/** Template 62. "***" asks the consumer for the value. Systems: 50 to 99; reserved: 12 to 49. */
export type AdditionalData = {
  readonly [Name in (typeof additionalNames)[keyof typeof additionalNames]]?: string;
} & { readonly systems?: readonly SystemTemplate[]; readonly reserved?: readonly DataObject[] };

/** Template 64: the merchant in the language of ISO 639 `language`. Reserved: 03 to 99. */
export type OtherLanguage = {
  readonly language: string;
  readonly name: string;
  readonly city?: string;
  readonly reserved?: readonly DataObject[];
};

/** What a merchant-presented code says. Amounts in minor units of `currency` (ISO 4217 digits). */
export type MerchantTerms = Money & {
  /** Static: one code for many payments; dynamic: a code of its own for each. Unsaid if absent. */
  readonly initiation?: "static" | "dynamic";
  readonly accounts: readonly MerchantAccount[];
  /** Four digits (ISO 18245). */
  readonly category: string;
  readonly currency: string;
  /** Two letters (ISO 3166). */
  readonly country: string;
  readonly name: string;
  readonly city: string;
  readonly postalCode?: string;
  readonly additional?: AdditionalData;
  readonly otherLanguage?: OtherLanguage;
  /** 65 to 79, reserved for EMVCo. */
  readonly reserved?: readonly DataObject[];
  /** 80 to 99. */
  readonly unreserved?: readonly SystemTemplate[];
};

type Draft<T> = { -readonly [Key in keyof T]?: T[Key] };

const between = (from: string, to: string, objects: readonly PlacedObject[]): PlacedObject[] =>
  objects.filter(({ id }) => from <= id && id <= to);

const byId = (left: { readonly id: string }, right: { readonly id: string }): number =>
  left.id < right.id ? -1 : 1;

/** The objects in the order of their IDs, as terms hold them. */
const sorted = (objects: readonly PlacedObject[]): DataObject[] => plain(objects).sort(byId);

function systems(objects: readonly PlacedObject[]): SystemTemplate[] {
  return objects
    .flatMap(({ id, children = [] }) => {
      const guid = children.find((child) => child.id === "00")?.value;
      const data = sorted(children.filter((child) => child.id !== "00"));
      return guid === undefined ? [] : [{ id, guid, data }];
    })
    .sort(byId);
}

/** The terms that a code's objects hold; what is absent or cannot be read is left out. */
export function termsOf(root: readonly PlacedObject[], money: Money): Partial<MerchantTerms> {
  const value = (id: string): string | undefined => root.find((one) => one.id === id)?.value;
  const terms: Draft<MerchantTerms> = { ...money };
  const initiation = { "11": "static", "12": "dynamic" } as const;
  const said = value("01");
  if (said === "11" || said === "12") terms.initiation = initiation[said];
  const numbers = between("02", "25", root).map((one) => ({ id: one.id, number: one.value }));
  terms.accounts = [...numbers.sort(byId), ...systems(between("26", "51", root))];
  const single = [
    ["52", "category"],
    ["53", "currency"],
    ["58", "country"],
    ["59", "name"],
    ["60", "city"],
    ["61", "postalCode"],
  ] as const;
  for (const [id, name] of single) {
    const text = value(id);
    if (text !== undefined) terms[name] = text;
  }
  const additional = root.find(({ id }) => id === "62")?.children;
  if (additional !== undefined) terms.additional = additionalOf(additional);
  const otherLanguage = languageOf(root.find(({ id }) => id === "64")?.children ?? []);
  if (otherLanguage !== undefined) terms.otherLanguage = otherLanguage;
  const reserved = sorted(between("65", "79", root));
  if (reserved.length > 0) terms.reserved = reserved;
  const unreserved = systems(between("80", "99", root));
  if (unreserved.length > 0) terms.unreserved = unreserved;
  return terms;
}

function additionalOf(children: readonly PlacedObject[]): AdditionalData {
  const data: Draft<AdditionalData> = {};
  for (const { id, value } of children) {
    const name = Object.hasOwn(additionalNames, id)
      ? additionalNames[id as keyof typeof additionalNames]
      : undefined;
    if (name !== undefined) data[name] = value;
  }
  const reserved = sorted(between("12", "49", children));
  if (reserved.length > 0) data.reserved = reserved;
  const own = systems(between("50", "99", children));
  if (own.length > 0) data.systems = own;
  return data;
}

function languageOf(children: readonly PlacedObject[]): OtherLanguage | undefined {
  const value = (id: string): string | undefined => children.find((one) => one.id === id)?.value;
  const [language, name, city] = [value("00"), value("01"), value("02")];
  if (language === undefined || name === undefined) return undefined;
  const reserved = sorted(between("03", "99", children));
  return {
    language,
    name,
    ...(city === undefined ? {} : { city }),
    ...(reserved.length === 0 ? {} : { reserved }),
  };
}

/** The terms as data objects in the order of their IDs. Throws QrError `identifier`. */
export function objectsOf(terms: MerchantTerms, decimals: Decimals): DataObject[] {
  const places = decimals(terms.currency);
  const objects: DataObject[] = [{ id: "00", value: "01" }];
  const add = (id: string, value: string | undefined): void => {
    if (value !== undefined) objects.push({ id, value });
  };
  if (terms.initiation !== undefined) add("01", terms.initiation === "static" ? "11" : "12");
  for (const account of terms.accounts) objects.push(accountObject(account));
  add("52", terms.category);
  add("53", terms.currency);
  if (terms.amount !== undefined) add("54", amountText(terms.amount, places));
  if (terms.tip !== undefined) objects.push(...tipObjects(terms.tip, places));
  add("58", terms.country);
  add("59", terms.name);
  add("60", terms.city);
  add("61", terms.postalCode);
  if (terms.additional !== undefined) objects.push(additionalObject(terms.additional));
  if (terms.otherLanguage !== undefined) {
    const { language, name, city, reserved = [] } = terms.otherLanguage;
    const own = [
      { id: "00", value: language },
      { id: "01", value: name },
      ...(city === undefined ? [] : [{ id: "02", value: city }]),
    ];
    objects.push({ id: "64", value: [...own, ...within("03", "99", reserved, ["64"])] });
  }
  objects.push(...within("65", "79", terms.reserved ?? [], []));
  const unreserved = (terms.unreserved ?? []).map(systemObject);
  objects.push(...within("80", "99", unreserved, []));
  return objects.sort(byId);
}

function accountObject(account: MerchantAccount): DataObject {
  if ("guid" in account) return inRange("26", "51", systemObject(account), []);
  return inRange("02", "25", { id: account.id, value: account.number }, []);
}

function additionalObject(additional: AdditionalData): DataObject {
  const named = Object.entries(additionalNames).flatMap(([id, name]) => {
    const value = additional[name];
    return value === undefined ? [] : [{ id, value }];
  });
  const own = (additional.systems ?? []).map(systemObject);
  return {
    id: "62",
    value: [
      ...named,
      ...within("12", "49", additional.reserved ?? [], ["62"]),
      ...within("50", "99", own, ["62"]),
    ].sort(byId),
  };
}

function systemObject({ id, guid, data }: SystemTemplate): DataObject {
  return { id, value: [{ id: "00", value: guid }, ...data.toSorted(byId)] };
}

function within(
  from: string,
  to: string,
  objects: readonly DataObject[],
  path: readonly string[],
): DataObject[] {
  return objects.map((object) => inRange(from, to, object, path)).sort(byId);
}

/** Terms name IDs themselves: one outside its group would come back as something else. */
function inRange(
  from: string,
  to: string,
  object: DataObject,
  path: readonly string[],
): DataObject {
  if (from <= object.id && object.id <= to) return object;
  const message = `the ID is not one of ${from} to ${to}`;
  throw new QrError("identifier", [...path, object.id], 0, message);
}
