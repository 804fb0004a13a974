/** Terminal Verification Results (95) and Transaction Status Information (9B): Book 3 Annex C5, C6. */

/** One bit: the byte counted from 1, the bit from 8 (high) to 1 (low), and its meaning. */
export type NamedBit = { readonly byte: number; readonly bit: number; readonly meaning: string };

function bit(byte: number, at: number, meaning: string): NamedBit {
  return { byte, bit: at, meaning };
}

/** The bits of the TVR, five bytes (Book 3 Annex C5). */
export const TVR_BITS = {
  authenticationNotPerformed: bit(1, 8, "Offline data authentication was not performed"),
  sdaFailed: bit(1, 7, "SDA failed"),
  cardDataMissing: bit(1, 6, "ICC data missing"),
  onExceptionFile: bit(1, 5, "Card appears on terminal exception file"),
  ddaFailed: bit(1, 4, "DDA failed"),
  cdaFailed: bit(1, 3, "CDA failed"),
  sdaSelected: bit(1, 2, "SDA selected"),
  versionsDiffer: bit(2, 8, "ICC and terminal have different application versions"),
  expired: bit(2, 7, "Expired application"),
  notYetEffective: bit(2, 6, "Application not yet effective"),
  serviceNotAllowed: bit(2, 5, "Requested service not allowed for card product"),
  newCard: bit(2, 4, "New card"),
  cardholderVerificationFailed: bit(3, 8, "Cardholder verification was not successful"),
  cvmUnrecognised: bit(3, 7, "Unrecognised CVM"),
  pinTryLimitExceeded: bit(3, 6, "PIN Try Limit exceeded"),
  pinPadUnavailable: bit(3, 5, "PIN entry required and PIN pad not present or not working"),
  pinNotEntered: bit(3, 4, "PIN entry required, PIN pad present, but PIN was not entered"),
  onlinePinEntered: bit(3, 3, "Online PIN entered"),
  floorLimitExceeded: bit(4, 8, "Transaction exceeds floor limit"),
  lowerOfflineLimitExceeded: bit(4, 7, "Lower consecutive offline limit exceeded"),
  upperOfflineLimitExceeded: bit(4, 6, "Upper consecutive offline limit exceeded"),
  selectedRandomly: bit(4, 5, "Transaction selected randomly for online processing"),
  forcedOnline: bit(4, 4, "Merchant forced transaction online"),
  defaultTdolUsed: bit(5, 8, "Default TDOL used"),
  issuerAuthenticationFailed: bit(5, 7, "Issuer authentication failed"),
  scriptFailedBefore: bit(5, 6, "Script processing failed before final GENERATE AC"),
  scriptFailedAfter: bit(5, 5, "Script processing failed after final GENERATE AC"),
} as const satisfies Record<string, NamedBit>;

/** The bits of the TSI, two bytes (Book 3 Annex C6). */
export const TSI_BITS = {
  authenticationPerformed: bit(1, 8, "Offline data authentication was performed"),
  cardholderVerificationPerformed: bit(1, 7, "Cardholder verification was performed"),
  cardRiskManagementPerformed: bit(1, 6, "Card risk management was performed"),
  issuerAuthenticationPerformed: bit(1, 5, "Issuer authentication was performed"),
  terminalRiskManagementPerformed: bit(1, 4, "Terminal risk management was performed"),
  scriptProcessingPerformed: bit(1, 3, "Script processing was performed"),
} as const satisfies Record<string, NamedBit>;

export type TvrBit = keyof typeof TVR_BITS;
export type TsiBit = keyof typeof TSI_BITS;

export const TVR_LENGTH = 5;
export const TSI_LENGTH = 2;

/** A copy of the value with this bit set. */
export function withBit(value: Uint8Array, named: NamedBit): Uint8Array {
  const mask = 1 << (named.bit - 1);
  return value.map((byte, index) => (index === named.byte - 1 ? byte | mask : byte));
}

/** Whether a bit is set; a value that is too short has none of the bits it lacks. */
export function hasBit(value: Uint8Array, named: NamedBit): boolean {
  return ((value[named.byte - 1] ?? 0) & (1 << (named.bit - 1))) !== 0;
}

/** The names of the bits set in a TVR, in the order of the table. */
export function tvrNames(tvr: Uint8Array): TvrBit[] {
  return namesOf(TVR_BITS, tvr);
}

/** The names of the bits set in a TSI, in the order of the table. */
export function tsiNames(tsi: Uint8Array): TsiBit[] {
  return namesOf(TSI_BITS, tsi);
}

/** The meanings of the bits set in a TVR; a set bit without a meaning is told as reserved. */
export function describeTvr(tvr: Uint8Array): string[] {
  return meaningsOf(TVR_BITS, tvr);
}

/** The meanings of the bits set in a TSI; a set bit without a meaning is told as reserved. */
export function describeTsi(tsi: Uint8Array): string[] {
  return meaningsOf(TSI_BITS, tsi);
}

function namesOf<Name extends string>(
  table: Readonly<Record<Name, NamedBit>>,
  value: Uint8Array,
): Name[] {
  const names: Name[] = [];
  for (const name in table) if (hasBit(value, table[name])) names.push(name);
  return names;
}

function meaningsOf(table: Readonly<Record<string, NamedBit>>, value: Uint8Array): string[] {
  const known = Object.values(table);
  const meanings: string[] = [];
  for (let byte = 1; byte <= value.length; byte += 1) {
    for (let at = 8; at >= 1; at -= 1) {
      if (!hasBit(value, { byte, bit: at, meaning: "" })) continue;
      const named = known.find((entry) => entry.byte === byte && entry.bit === at);
      meanings.push(named?.meaning ?? `Reserved (byte ${byte} bit ${at})`);
    }
  }
  return meanings;
}
