/** CRC-16/CCITT-FALSE (EMV QRCPS merchant mode, ID 63): polynomial 1021, first FFFF. */

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

const utf8 = new TextEncoder();

/** The CRC of a text's UTF-8 bytes, as four uppercase hexadecimal digits. */
export function crcOf(text: string): string {
  let crc = 0xffff;
  for (const byte of utf8.encode(text)) {
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] ?? 0);
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}

/**
 * The CRC that a merchant-presented text carries in its last data object (ID 63, four characters)
 * and the one computed over all before it. Undefined where the text does not end in such an object.
 */
export function crcOfCode(text: string): { carried: string; computed: string } | undefined {
  if (!/6304[^]{4}$/u.test(text)) return undefined;
  const characters = [...text];
  const carried = characters.slice(-4).join("");
  return { carried, computed: crcOf(characters.slice(0, -4).join("")) };
}
