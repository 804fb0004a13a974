/**
 * Puts the cards of packages/emv one after the other before a kernel that no one here wrote, OpenEMV's
 * emv-tool, and keeps what it prints (docs/decisions/0007):
 *
 *     node test/reader/foreign-kernel.ts EMV-TOOL EXAMPLE-CONFIG.xml FOLDER
 *
 * Both programs and files are built and fetched by hand; nothing of them is part of this project.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { demonstrationProfiles, rehearsalProfiles, type CardImage } from "@tillway/emv";
import { writeCards } from "../../apps/terminal/test/demonstration.ts";
import { specimenCaKey, specimenCard } from "../../packages/emv/src/card/specimen.ts";
import { startBench } from "./bench.ts";

const [tool, example, folder] = process.argv.slice(2);
if (!tool || !example || !folder) {
  throw new Error("usage: foreign-kernel.ts EMV-TOOL EXAMPLE-CONFIG.xml FOLDER");
}

/** The example configuration of the kernel, in China, with UnionPay and the specimen authority. */
function configuration(text: string): string {
  const keys = ["A000000333", "A000000003", "A000000004"].map((rid) => {
    const { index, modulus, exponent, checksum } = specimenCaKey({ aid: rid });
    return (
      `<capk rid='${rid}' index='${index}' hash_id='01'><modulus>${modulus}</modulus>` +
      `<exponent>${exponent}</exponent><hash>${checksum}</hash></capk>`
    );
  });
  const unionpay =
    "<app aid='A000000333' match='partial'><data>" +
    "<tlv id='9F09'>0020</tlv><tlv id='9F1B'>00000000</tlv></data></app>";
  return text
    .replace("<tlv id='9F1A'>0528</tlv>", "<tlv id='9F1A'>0156</tlv>")
    .replace("<capk ", `${unionpay}<capk `)
    .replace("</emv>", `${keys.join("")}</emv>`);
}

mkdirSync(folder, { recursive: true });
const file = join(folder, "configuration.xml");
writeFileSync(file, configuration(readFileSync(example, "utf8")));
const sale = ["--txn-type", "00", "--txn-amount", "2580", "--txn-date", "2026-11-27"];
const bench = await startBench();
try {
  for (const profile of [...demonstrationProfiles(), ...rehearsalProfiles()]) {
    const data = mkdtempSync(join(tmpdir(), "tillway-foreign-"));
    // Versions that issuers here do not know are cards all the same.
    writeCards(data, [specimenCard(profile) as CardImage]);
    await bench.insert({ cards: join(data, "cards"), name: profile.name });
    // The daemon looks for a new card once in a while, and the tool does not wait for one.
    await sleep(2500);
    const ran = spawnSync(tool, ["--config-xml", file, ...sale, "--debug-level", "ALL"], {
      env: { ...process.env, ...bench.environment },
      input: "1\n",
      encoding: "utf8",
      timeout: 30_000,
    });
    writeFileSync(join(folder, `${profile.name}.log`), ran.stdout + ran.stderr);
    const said = /^.*\[(?:ODA|TAL)\] (.*(?:succeeded|SDAD not found).*)$/gm;
    const found = Array.from(ran.stdout.matchAll(said), ([, text]) => text);
    const instructions = (await bench.remove()).join(" ");
    console.log(`${profile.name}: ${instructions}: ${found.join("; ")} (exit ${ran.status})`);
    rmSync(data, { recursive: true, force: true });
  }
} finally {
  await bench.stop();
}
