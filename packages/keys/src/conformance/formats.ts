import { fromHex } from "@tillway/bytes";
import { tdesEncrypt } from "../cipher.ts";
import type { KeyBlock, SecurityModule } from "../module/security-module.ts";
import { encodePinBlock, type PinBlockFormat } from "../pin-block.ts";
import { done, refusedAs, same } from "./check.ts";
import { clearKeys, pan, pin, put } from "./fixtures.ts";

type Case = { readonly name: string; readonly run: (module: SecurityModule) => Promise<void> };

/** How PINs go from format to format. */
export const formatCases: readonly Case[] = [
  { name: "carries a PIN under AES in format 4 and nothing else", run: format4 },
  { name: "takes a PIN whose card was not known into every bound format", run: unbound },
  { name: "translates between formats as the rule says", run: table },
  { name: "verifies no PIN in a block that is for a card", run: towardsCard },
  { name: "takes no format 4 block for another card", run: otherCard },
];

const tdesBlock = fromHex("7611F9FA7025EBA3");

async function format4(module: SecurityModule): Promise<void> {
  const tdes = await put(module, "P0");
  for (const clear of [
    "000102030405060708090A0B0C0D0E0F",
    "000102030405060708090A0B0C0D0E0F1011121314151617",
    "603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4",
  ]) {
    const aes = await put(module, "P0", { algorithm: "aes", clear });
    const sent = { do: "encrypt-pin", key: aes, pin, pan, format: 4 } as const;
    const one = done(await module.run(sent), "format 4").block;
    const other = done(await module.run(sent), "format 4 again").block;
    same(one.length, 16, "length of the block");
    same(one.join() === other.join(), false, "the same block twice");
    const back = await module.run({
      do: "translate-pin",
      from: aes,
      to: tdes,
      block: one,
      pan,
      fromFormat: 4,
      toFormat: 0,
    });
    same(done(back, "format 4 to 0").block, tdesBlock, "the PIN in format 0");
    const wrong = await module.run({ ...sent, format: 0 });
    refusedAs(wrong, "format-not-allowed", "format 0 under AES");
  }
  const wrong = await module.run({ do: "encrypt-pin", key: tdes, pin, pan, format: 4 });
  refusedAs(wrong, "format-not-allowed", "format 4 under TDES");
}

async function unbound(module: SecurityModule): Promise<void> {
  const { tdes, aes } = await keys(module);
  const command = { do: "encrypt-pin", key: tdes, pin, pan, format: 1 } as const;
  const { block } = done(await module.run(command), "format 1");
  for (const toFormat of [0, 3, 4] as const) {
    const to = toFormat === 4 ? aes : tdes;
    const move = { do: "translate-pin", from: tdes, to, pan, block } as const;
    const moved = done(await module.run({ ...move, fromFormat: 1, toFormat }), `to ${toFormat}`);
    const back = await module.run({
      ...move,
      from: to,
      to: tdes,
      block: moved.block,
      fromFormat: toFormat,
      toFormat: 0,
    });
    same(done(back, "back to 0").block, tdesBlock, "the same PIN");
  }
}

async function table(module: SecurityModule): Promise<void> {
  const { tdes, aes } = await keys(module);
  const formats: readonly PinBlockFormat[] = [0, 1, 2, 3, 4];
  const keyOf = (format: PinBlockFormat): KeyBlock => (format === 4 ? aes : tdes);
  const rows: string[] = [];
  for (const fromFormat of formats) {
    let row = "";
    const made =
      fromFormat === 2
        ? tdesBlock
        : done(
            await module.run({
              do: "encrypt-pin",
              key: keyOf(fromFormat),
              pin,
              pan,
              format: fromFormat,
            }),
            `format ${fromFormat}`,
          ).block;
    for (const toFormat of formats) {
      const answer = await module.run({
        do: "translate-pin",
        from: keyOf(fromFormat),
        to: keyOf(toFormat),
        block: made,
        pan,
        fromFormat,
        toFormat,
      });
      if (!answer.ok) refusedAs(answer, "format-not-allowed", `${fromFormat} to ${toFormat}`);
      row += answer.ok ? toFormat : "-";
    }
    rows.push(row);
  }
  // From 0 to 4 down, to 0 to 4 across.
  same(rows, ["0--34", "0--34", "-----", "0--34", "0--34"], "the table");
}

/** A block that was made for a card must not be taken from the wire. */
async function towardsCard(module: SecurityModule): Promise<void> {
  const key = await put(module, "P0");
  const block = tdesEncrypt(fromHex(clearKeys.P0), encodePinBlock(2, pin, ""));
  const pvk = await put(module, "V2");
  const command = { do: "verify-pin", key, pvk, pvki: "1", block, pan, pvv: "0000" } as const;
  refusedAs(await module.run({ ...command, format: 2 }), "format-not-allowed", "a PVV");
  const offset = { do: "verify-pin-offset", key, block, pan, offset: "000000" } as const;
  const ibm = await put(module, "V1");
  const answer = await module.run({ ...offset, pvk: ibm, format: 2 });
  refusedAs(answer, "format-not-allowed", "an offset");
}

async function otherCard(module: SecurityModule): Promise<void> {
  const { tdes, aes } = await keys(module);
  const command = { do: "encrypt-pin", key: aes, pin, pan, format: 4 } as const;
  const { block } = done(await module.run(command), "format 4");
  const moved = await module.run({
    do: "translate-pin",
    from: aes,
    to: tdes,
    block,
    pan: "6200001234567900",
    fromFormat: 4,
    toFormat: 0,
  });
  refusedAs(moved, "bad-pin-block", "another PAN");
}

async function keys(module: SecurityModule): Promise<{ tdes: KeyBlock; aes: KeyBlock }> {
  const clear = "000102030405060708090A0B0C0D0E0F";
  return {
    tdes: await put(module, "P0"),
    aes: await put(module, "P0", { algorithm: "aes", clear }),
  };
}
