import { readDecimal, writeDecimal } from "./amounts.ts";
import { fault, type QrFault } from "./errors.ts";
import { type DataObject, HEAD, type PlacedObject } from "./objects.ts";

/** How many decimals a currency (ISO 4217 digits) has, or undefined if that is not known. */
export type Decimals = (currency: string) => number | undefined;

/** What the consumer adds (55 to 57). `amount` in minor units of the currency; 550n is 5.5 %. */
export type Tip =
  | { readonly kind: "prompt" }
  | { readonly kind: "fixed"; readonly amount: bigint }
  | { readonly kind: "percentage"; readonly basisPoints: bigint };

export type Money = { readonly amount?: bigint; readonly tip?: Tip };

/** Amount and tip of a root as exact integers, with what is wrong about them. */
export function readMoney(
  root: readonly PlacedObject[],
  end: number,
  decimals: Decimals,
): { readonly money: Money; readonly faults: readonly QrFault[] } {
  const faults: QrFault[] = [];
  const find = (id: string): PlacedObject | undefined => root.find((one) => one.id === id);
  const places = decimals(find("53")?.value ?? "");

  const number = (id: string, scale: number | undefined): bigint | undefined => {
    const object = find(id);
    if (object === undefined) return undefined;
    const at = object.offset + HEAD;
    if (scale === undefined) {
      faults.push(fault("currency", [id], at, "the decimals of the currency are not known"));
      return undefined;
    }
    const units = readDecimal(object.value, scale);
    if (typeof units === "string") faults.push(fault("value", [id], at, `the number is ${units}`));
    else if (units === 0n) faults.push(fault("value", [id], at, "the number is zero"));
    else if (id === "57" && units > 9999n) faults.push(fault("value", [id], at, "99.99 at most"));
    else return units;
    return undefined;
  };

  const amount = number("54", places);
  const fixed = number("56", places);
  const percentage = number("57", 2);
  faults.push(...conflicts(find, end));
  const tip = tipOf(find("55")?.value, fixed, percentage);
  return {
    money: { ...(amount === undefined ? {} : { amount }), ...(tip === undefined ? {} : { tip }) },
    faults,
  };
}

/** 56 stands with 55 = 02 only, 57 with 55 = 03 only; each must then be there. */
function conflicts(find: (id: string) => PlacedObject | undefined, end: number): QrFault[] {
  const indicator = find("55")?.value;
  const wanted = [
    ["56", "02"],
    ["57", "03"],
  ] as const;
  return wanted.flatMap(([id, needs]) => {
    const object = find(id);
    if (object !== undefined && indicator !== needs) {
      return [fault("conflict", [id], object.offset, `${id} stands only where 55 is ${needs}`)];
    }
    if (object === undefined && indicator === needs) {
      return [fault("missing", [id], end, `${id} is missing where 55 is ${needs}`)];
    }
    return [];
  });
}

function tipOf(
  indicator: string | undefined,
  amount: bigint | undefined,
  basisPoints: bigint | undefined,
): Tip | undefined {
  if (indicator === "01") return { kind: "prompt" };
  if (indicator === "02" && amount !== undefined) return { kind: "fixed", amount };
  if (indicator === "03" && basisPoints !== undefined) return { kind: "percentage", basisPoints };
  return undefined;
}

/** An amount as 54 or 56 shows it. Unknown `places` are refused when the text is read back. */
export function amountText(units: bigint, places: number | undefined): string {
  return writeDecimal(units, places ?? 0);
}

/** 55, and 56 or 57 with it. */
export function tipObjects(tip: Tip, places: number | undefined): DataObject[] {
  switch (tip.kind) {
    case "prompt":
      return [{ id: "55", value: "01" }];
    case "fixed":
      return [
        { id: "55", value: "02" },
        { id: "56", value: amountText(tip.amount, places) },
      ];
    case "percentage":
      return [
        { id: "55", value: "03" },
        { id: "57", value: writeDecimal(tip.basisPoints, 2).replace(/\.?0+$/, "") },
      ];
  }
}
