import { fromHex } from "@tillway/bytes";
import {
  decipherFormat4,
  decodeFormat4PinField,
  encipherFormat4,
  format4PanField,
  format4PinField,
} from "../pin-block-4.ts";
import { type DecodedPin, decodePinBlock, encodePinBlock } from "../pin-block.ts";
import { type Computed, type Inputs, notCovered, outputs, refusedVector } from "./inputs.ts";

/** Vectors of PIN blocks: encoding, decoding, and blocks that must be refused. */
export function computePinBlock(inputs: Inputs, published: Inputs): Computed {
  const format = inputs.number("format");
  if (format === 4) return format4(inputs);
  if (format !== 0 && format !== 1 && format !== 2 && format !== 3) {
    return notCovered(`PIN block format ${format}`);
  }
  const pan = format === 0 || format === 3 ? inputs.text("pan") : "";
  if (inputs.has("clearPinBlock")) {
    return decoded(decodePinBlock(format, inputs.bytes("clearPinBlock"), pan));
  }
  const pin = inputs.text("pin");
  const fill =
    format === 1 ? freeFilling(pin, published.text("clearPinBlock")) : filling(inputs, 10);
  return outputs({ clearPinBlock: encodePinBlock(format, pin, pan, fill) });
}

/** Format 1 leaves its filler to whoever makes it: the published block's own is as good as any. */
function freeFilling(pin: string, block: string): Uint8Array {
  return fromHex(block.slice(2 + pin.length).padEnd(20, "0"));
}

function format4(inputs: Inputs): Computed {
  if (inputs.has("clearPinBlock")) {
    return decoded(decodeFormat4PinField(inputs.bytes("clearPinBlock")));
  }
  if (inputs.has("encipheredPinBlock")) {
    const block = inputs.bytes("encipheredPinBlock");
    return decoded(decipherFormat4(inputs.bytes("key"), block, inputs.text("pan")));
  }
  if (!inputs.has("pin")) return outputs({ panField: format4PanField(inputs.text("pan")) });
  const pin = inputs.text("pin");
  const fill = filling(inputs, 8);
  if (!inputs.has("key")) {
    const field = format4PinField(pin, fill);
    return outputs({ clearPinBlock: field, pinField: field });
  }
  const [key, pan] = [inputs.bytes("key"), inputs.text("pan")];
  const block = encipherFormat4(key, pin, pan, fill);
  // What goes in must come out.
  const back = decipherFormat4(key, block, pan);
  return back.ok && back.pin === pin ? outputs({ encipheredPinBlock: block }) : refusedVector;
}

function decoded(found: DecodedPin): Computed {
  return found.ok ? outputs({ pin: found.pin }) : refusedVector;
}

function filling(inputs: Inputs, length: number): Uint8Array {
  const name = ["randomFill", "nonce", "fill"].find((one) => inputs.has(one));
  return name === undefined ? new Uint8Array(length) : inputs.bytes(name);
}
