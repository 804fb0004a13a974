/** A currency of ISO 4217: its letters, its three digits and how many decimals its minor unit has. */
export type Currency = {
  readonly code: string;
  readonly numeric: string;
  readonly decimals: number;
};

/** The currencies that an installation may settle in (ISO 4217, active codes). */
export const CURRENCIES: readonly Currency[] = [
  { code: "AUD", numeric: "036", decimals: 2 },
  { code: "BHD", numeric: "048", decimals: 3 },
  { code: "CAD", numeric: "124", decimals: 2 },
  { code: "CHF", numeric: "756", decimals: 2 },
  { code: "CNY", numeric: "156", decimals: 2 },
  { code: "EUR", numeric: "978", decimals: 2 },
  { code: "GBP", numeric: "826", decimals: 2 },
  { code: "HKD", numeric: "344", decimals: 2 },
  { code: "INR", numeric: "356", decimals: 2 },
  { code: "JPY", numeric: "392", decimals: 0 },
  { code: "KRW", numeric: "410", decimals: 0 },
  { code: "KWD", numeric: "414", decimals: 3 },
  { code: "MOP", numeric: "446", decimals: 2 },
  { code: "MYR", numeric: "458", decimals: 2 },
  { code: "SGD", numeric: "702", decimals: 2 },
  { code: "THB", numeric: "764", decimals: 2 },
  { code: "USD", numeric: "840", decimals: 2 },
  { code: "VND", numeric: "704", decimals: 0 },
];

const byCode = new Map(
  CURRENCIES.flatMap(
    (one) =>
      [
        [one.code, one],
        [one.numeric, one],
      ] as const,
  ),
);

/** The currency of three letters or three digits, or undefined. */
export function currency(codeOrNumeric: string): Currency | undefined {
  return byCode.get(codeOrNumeric);
}
