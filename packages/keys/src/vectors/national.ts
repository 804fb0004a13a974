import { concat, fromAscii, toAscii } from "@tillway/bytes";
import { cbcEncrypt, sm4Decrypt, sm4Encrypt } from "../cipher.ts";
import {
  sm2Decrypt,
  sm2Digest,
  sm2Encrypt,
  sm2PublicKey,
  sm2Sign,
  sm2UserHash,
  sm2Verify,
  sm3,
} from "../sm2.ts";
import { type Computed, type Inputs, outputs, refusedVector } from "./inputs.ts";

/** Vectors of SM2, SM3 and SM4. */
export function computeNational(inputs: Inputs): Computed {
  if (inputs.has("ascii")) return outputs({ digest: sm3(fromAscii(inputs.text("ascii"))) });
  if (inputs.has("hex")) return outputs({ digest: sm3(inputs.bytes("hex")) });
  if (inputs.has("key") && inputs.has("ciphertext")) {
    return outputs({ plaintext: sm4Decrypt(inputs.bytes("key"), inputs.bytes("ciphertext")) });
  }
  if (inputs.has("key")) {
    const [key, clear] = [inputs.bytes("key"), inputs.bytes("plaintext")];
    const times = inputs.has("iterations") ? inputs.number("iterations") : 1;
    return outputs({ ciphertext: repeatedSm4(key, clear, times) });
  }
  if (inputs.has("message")) return signature(inputs);
  return inputs.has("c1x") ? decryption(inputs) : encryption(inputs);
}

function signature(inputs: Inputs): Computed {
  const privateKey = inputs.bytes("privateKey");
  const publicKey = sm2PublicKey(privateKey);
  const message = fromAscii(inputs.text("message"));
  const userId = fromAscii(inputs.text("userId"));
  const signed = sm2Sign(privateKey, message, () => inputs.bytes("k"), userId);
  if (!sm2Verify(publicKey, message, signed, userId)) return refusedVector;
  return outputs({
    publicX: publicKey.slice(0, 32),
    publicY: publicKey.slice(32),
    za: sm2UserHash(publicKey, userId),
    e: sm2Digest(publicKey, message, userId),
    r: signed.slice(0, 32),
    s: signed.slice(32),
  });
}

function encryption(inputs: Inputs): Computed {
  const publicKey = concat(inputs.bytes("publicX"), inputs.bytes("publicY"));
  const clear = fromAscii(inputs.text("plaintext"));
  const cipher = sm2Encrypt(publicKey, clear, () => inputs.bytes("k"));
  if (inputs.has("privateKey")) {
    if (sm2Decrypt(inputs.bytes("privateKey"), cipher) === undefined) return refusedVector;
  }
  return outputs({
    c1x: cipher.slice(1, 33),
    c1y: cipher.slice(33, 65),
    c3: cipher.slice(65, 97),
    c2: cipher.slice(97),
  });
}

function decryption(inputs: Inputs): Computed {
  const point = concat(Uint8Array.of(4), inputs.bytes("c1x"), inputs.bytes("c1y"));
  const cipher = concat(point, inputs.bytes("c3"), inputs.bytes("c2"));
  const clear = sm2Decrypt(inputs.bytes("privateKey"), cipher);
  return clear === undefined ? refusedVector : outputs({ plaintext: toAscii(clear) });
}

/** One block encrypted again and again is the same as chaining zeros from it, only slower. */
function repeatedSm4(key: Uint8Array, block: Uint8Array, times: number): Uint8Array {
  if (times === 1) return sm4Encrypt(key, block);
  let last = block;
  for (let left = times; left > 0; left -= 4096) {
    const zeros = new Uint8Array(Math.min(left, 4096) * 16);
    last = cbcEncrypt("sm4", key, last, zeros).slice(-16);
  }
  return last;
}
