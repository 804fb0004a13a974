import { cardVerificationValue, dynamicVerificationCode } from "../cvv.ts";
import { naturalPin, pinFromOffset, pinOffset, validationData } from "../ibm3624.ts";
import { type Computed, type Inputs, outputs, VectorError } from "./inputs.ts";

/** Vectors of card verification values: CVV and its kin, and CVC3. */
export function computeCvv(inputs: Inputs, published: Inputs): Computed {
  if (inputs.has("trackTemplate")) {
    const code = dynamicVerificationCode(
      inputs.bytes("iccCvc3Key"),
      inputs.bytes("trackTemplate"),
      inputs.bytes("atc"),
      inputs.bytes("unpredictableNumber"),
    );
    // Cards write its last digits only, and some publish it as a number.
    return outputs({ cvc3: code.slice(-published.text("cvc3").length) });
  }
  const first = (...names: readonly string[]): string => {
    const name = names.find((one) => inputs.has(one));
    if (name === undefined) throw new VectorError(`input ${names[0]} is missing`);
    return name;
  };
  const value = cardVerificationValue(
    inputs.bytes(first("cvk", "cvkPair", "key")),
    inputs.text("pan"),
    inputs.text(first("expiry", "expirationDate", "expiryDate", "expiration")),
    inputs.text(first("serviceCode", "service_code")),
  );
  // Vectors name the value after its use; it is computed the same way.
  const names = ["cvv", "icvv", "cvv2", "cvc", "cvc2", "cvn"].filter((name) => published.has(name));
  return outputs(Object.fromEntries(names.map((name) => [name, value])));
}

/** Vectors of IBM 3624: PIN from offset, and offset from PIN. */
export function computeIbm3624(inputs: Inputs): Computed {
  const decimalisation = inputs.text("decimalizationTable");
  const rule = {
    decimalisation,
    start: inputs.number("panVerifyOffset"),
    length: inputs.number("panVerifyLength"),
    pad: inputs.text("panPad"),
  };
  const validation = validationData(inputs.text("pan"), rule);
  const given = inputs.text(inputs.has("offset") ? "offset" : "pin");
  const natural = naturalPin(inputs.bytes("pvk"), validation, decimalisation, given.length);
  return inputs.has("offset")
    ? outputs({ pin: pinFromOffset(natural, given) })
    : outputs({ offset: pinOffset(natural, given) });
}
