import { fromHex } from "@tillway/bytes";
import { describeTlv, TlvError, tlvText } from "@tillway/emv";
import { currency } from "@tillway/money";
import { describe, dissect, QrError, readCode } from "@tillway/qr";
import { CommandError } from "../output.ts";
import type { Command } from "./command.ts";
import { inputText } from "./input.ts";

const flags = { unmask: { meaning: "show card data" } };

/** A decoder's refusal: its code, path and offset, never the data. */
function refusal(code: string, path: readonly string[], offset: number, message: string) {
  return new CommandError(message, { error: { code, path, offset, message } });
}

export const emvDecode: Command = {
  words: "emv decode HEX|-",
  meaning: "dissect BER-TLV data with names, formats and bits",
  flags,
  run: async (given) => {
    try {
      const bytes = fromHex(inputText(given.rest).replaceAll(/\s/g, ""));
      const described = describeTlv(bytes, { unmask: given.has("unmask") });
      return { exit: 0, text: tlvText(described).trimEnd(), json: described };
    } catch (error) {
      if (error instanceof TlvError) throw refusal("tlv", [], error.offset, error.message);
      if (error instanceof RangeError) throw refusal("hex", [], 0, error.message);
      throw error;
    }
  },
};

export const qrDecode: Command = {
  words: "qr decode TEXT|-",
  meaning: "dissect a merchant- or consumer-presented payment code",
  flags,
  run: async (given) => {
    const decimals = (digits: string): number | undefined => currency(digits)?.decimals;
    const options = { unmask: given.has("unmask") };
    try {
      const code = readCode(inputText(given.rest), { decimals });
      const rows = dissect(code, options);
      const faults = "reading" in code ? code.reading.faults : [];
      const json = { kind: code.kind, objects: rows, faults };
      return { exit: 0, text: describe(code, options), json };
    } catch (error) {
      if (!(error instanceof QrError)) throw error;
      throw refusal(error.code, error.path, error.offset, error.message);
    }
  },
};
