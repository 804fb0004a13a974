import { fromHex, toHex } from "@tillway/bytes";
import { nextAesKey, startAesTerminal } from "../dukpt-aes.ts";
import { nextTdesKey, startTdesTerminal, tdesWorkingKey } from "../dukpt-tdes.ts";
import { aesKey, type DukptPurpose, deviceKey, type WorkingKey } from "./dukpt-keys.ts";
import { readTerminal, type Terminal, writeTerminal } from "./dukpt-state.ts";
import { isHex } from "./forms.ts";
import { exportability, finish } from "./key-commands.ts";
import { type Keyring, type Need, refuse } from "./keyring.ts";
import type { CommandOf, KeyBlock, Outcome } from "./security-module.ts";
import type { KeyMode, KeyUsage } from "./usage.ts";

export function deriveDukptKey(
  command: CommandOf<"derive-dukpt-key">,
  ring: Keyring,
): Outcome<"derive-dukpt-key"> {
  const name = "derive-dukpt-key";
  const { bdk, ksn } = command;
  if (!isDevice(ksn)) return refuse(name, "ksn", "malformed");
  const opened = ring.open(name, { bdk: needed(bdk, "B0", ksn) });
  if (!opened.ok) return opened;
  const { bdk: base } = opened.keys;
  return finish(
    {
      usage: "B1",
      algorithm: base.algorithm,
      mode: "X",
      exportability: exportability(command),
      value: deviceKey(base, fromHex(ksn)),
    },
    ring,
  );
}

export function startDukpt(
  command: CommandOf<"start-dukpt">,
  ring: Keyring,
): Outcome<"start-dukpt"> {
  const name = "start-dukpt";
  const { key: block, ksn } = command;
  if (!isDevice(ksn)) return refuse(name, "ksn", "malformed");
  const opened = ring.open(name, { key: needed(block, "B1", ksn) });
  if (!opened.ok) return opened;
  const { value, algorithm } = opened.keys.key;
  const device = fromHex(ksn);
  const state: Terminal =
    algorithm === "tdes"
      ? { algorithm, terminal: startTdesTerminal(value, device) }
      : { algorithm: "aes", terminal: startAesTerminal(value, device.subarray(0, 8)) };
  return { ok: true, state: ring.protectState("terminal", writeTerminal(state)) };
}

export function nextDukpt(command: CommandOf<"next-dukpt">, ring: Keyring): Outcome<"next-dukpt"> {
  const name = "next-dukpt";
  const bytes = ring.openState("terminal", command.state);
  if (bytes === undefined) return refuse(name, "state", "bad-key-block");
  const state = readTerminal(bytes);
  const mac = command.mac ?? (state.algorithm === "tdes" ? "x919" : "cmac");
  if (state.algorithm === "aes" && mac === "x919") return refuse(name, "mac", "wrong-algorithm");
  const next = take(state);
  if (next === undefined) return refuse(name, "state", "exhausted");
  const protect = (usage: KeyUsage, mode: KeyMode, purpose: DukptPurpose): KeyBlock =>
    ring.protect({ ...next.key(purpose), usage, mode, exportability: "N" });
  const usage = mac === "x919" ? "M3" : "M6";
  return {
    ok: true,
    state: ring.protectState("terminal", writeTerminal(next.left)),
    ksn: toHex(next.ksn),
    pinKey: protect("P0", "E", "pin"),
    macKey: protect(usage, "G", "mac-request"),
    responseKey: protect(usage, "V", "mac-response"),
  };
}

type Taken = {
  readonly ksn: Uint8Array;
  readonly left: Terminal;
  readonly key: (purpose: DukptPurpose) => WorkingKey;
};

function take(state: Terminal): Taken | undefined {
  if (state.algorithm === "tdes") {
    const next = nextTdesKey(state.terminal);
    if (next === undefined) return undefined;
    return {
      ksn: next.ksn,
      left: { algorithm: "tdes", terminal: next.left },
      key: (purpose) => ({ algorithm: "tdes", value: tdesWorkingKey(next.key, purpose) }),
    };
  }
  const next = nextAesKey(state.terminal);
  if (next === undefined) return undefined;
  return {
    ksn: next.ksn,
    left: { algorithm: "aes", terminal: next.left },
    key: (purpose) => aesKey(next.key, next.ksn, purpose),
  };
}

/** A KSN of either kind, or an initial key id; the counter does not matter. */
function isDevice(ksn: string): boolean {
  return isHex(ksn, 10) || isHex(ksn, 8) || isHex(ksn, 12);
}

function needed(block: KeyBlock, usage: KeyUsage, ksn: string): Need {
  const algorithms = [ksn.length === 20 ? "tdes" : "aes"] as const;
  return { block, usage: [usage], action: "derive", algorithms };
}
