/** The messages of the codec bench: three of 19 to 22 fields, the same for every subject that can have them. */
import { toHex } from "@tillway/bytes";
import { encode, iso87Ascii, iso87Binary, varySpec, type Spec } from "@tillway/iso8583";

const fields = {
  "2": "6200001234567892",
  "3": "000000",
  "4": "000000010000",
  "7": "1122024530",
  "11": "000123",
  "12": "104530",
  "13": "1122",
  "14": "3012",
  "18": "5812",
  "22": "051",
  "25": "00",
  "32": "48021000",
  "35": "6200001234567892=30122010000012345",
  "37": "112200000123",
  "41": "10000001",
  "42": "898290058120001",
  "43": "TILLWAY CAFE             SHANGHAI     CN",
  "49": "156",
  "52": "7611F9FA7025EBA3",
  "100": "63031000",
} as const;

const chip =
  "9F2608A1B2C3D4E5F607189F2701809F101307010103A0A000010A010000000000123456AB9F3704123456789F36020001" +
  "950500000000009A032511229C01009F02060000000100005F2A02015682027C009F1A0201569F03060000000000009F33" +
  "03E0E1C89F34034203009F3501229F1E0831303030303030318408A0000003330101019F090200209F410400000003";

const { "35": _track, ...packed } = fields;

const bytes = iso87Ascii.definitions[52];
const variableBytes = iso87Ascii.definitions[55];
if (bytes === undefined || variableBytes?.prefix === undefined) throw new Error("no such fields");

/** ASCII with a binary bitmap and plain bytes: the one form that all subjects can have. */
const mixed: Spec = varySpec(iso87Ascii, {
  name: "bench-ascii",
  bitmap: "binary",
  fields: {
    52: { ...bytes, encoding: "binary" },
    55: {
      ...variableBytes,
      encoding: "binary",
      prefix: { ...variableBytes.prefix, unit: "content" },
    },
  },
});

/** The same, where bytes of variable length can only be hex text. */
const hexChip: Spec = varySpec(mixed, { name: "bench-hex", fields: { 55: variableBytes } });

export type BenchMessage = {
  readonly name: "financial" | "chip" | "bcd";
  readonly spec: Spec;
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
};

export const messages: readonly BenchMessage[] = [
  { name: "financial", spec: mixed, mti: "0200", fields },
  { name: "chip", spec: mixed, mti: "0200", fields: { ...fields, "23": "001", "55": chip } },
  { name: "bcd", spec: iso87Binary, mti: "0200", fields: packed },
];

/** As lines for the subjects: `message NAME MTI HEX`, then `NUMBER t|b VALUE` for each field. */
export function messageFile(hexText: boolean): string {
  const usable = messages.filter(({ name }) => !hexText || name !== "bcd");
  const lines = usable.flatMap((one) => {
    const spec = hexText ? hexChip : one.spec;
    return [
      `message ${one.name} ${one.mti} ${toHex(encode(spec, one))}`,
      ...Object.entries(one.fields).map(([number, value]) => {
        const kind = spec.definitions[Number(number)]?.content === "b" ? "b" : "t";
        return `${number} ${kind} ${value}`;
      }),
    ];
  });
  return `${lines.join("\n")}\n`;
}
