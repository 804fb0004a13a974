import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, type ConnectionOptions } from "node:tls";
import { decode, encode, readFrame, unionpayPos, writeFrame } from "@tillway/iso8583";
import { startInstallation, type Installation } from "./installation.ts";

let house: Installation;
before(async () => {
  house = await startInstallation({ line: "tls" });
});
after(async () => house?.stop());

const pem = (...path: string[]): string => readFileSync(join(house.data, ...path), "utf8");
const port = (): number => house.posTlsPort;

/** What becomes of one connection: an answer to an echo in a terminal's name, or the end. */
function echo(tid: string, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: port(), ...options });
    socket.once("error", () => resolve("refused"));
    socket.once("close", () => resolve("closed"));
    socket.once("secureConnect", () => {
      const fields = { "41": tid, "42": "898290058120001", "60": "00000001301" };
      const payload = encode(unionpayPos, { mti: "0820", fields });
      socket.write(
        writeFrame("2be-tpdu-header6", { tpdu: "6000030000", header: "603100310000", payload }),
      );
    });
    socket.once("data", (bytes: Buffer) => {
      const { payload } = readFrame("2be-tpdu-header6", new Uint8Array(bytes));
      resolve(decode(unionpayPos, payload).fields["39"] ?? "");
      socket.destroy();
    });
  });
}

const device = (tid: string): ConnectionOptions => ({
  key: pem("terminal", "tls", `${tid}.key`),
  cert: pem("terminal", "tls", `${tid}.crt`),
  ca: pem("terminal", "tls", "authority.crt"),
});

test("a payment goes over TLS, with certificates on both sides", async () => {
  const paid = await house.pay();
  assert.equal(paid.outcome, "approved");
  const log = readFileSync(join(house.data, "logs", "acquirer.log"), "utf8");
  assert.match(log, /posTls/);
});

test("a terminal speaks for itself only", async () => {
  assert.equal(await echo("10000002", device("10000002")), "00");
  assert.equal(await echo("10000001", device("10000002")), "97");
});

test("who has no certificate, or one of somebody else's, gets nowhere", async () => {
  const { ca, ...own } = device("10000002");
  assert.match(await echo("10000002", ca === undefined ? {} : { ca }), /refused|closed/);
  const server = {
    key: pem("acquirer", "tls", "server.key"),
    cert: pem("acquirer", "tls", "server.crt"),
  };
  // A server's certificate is no terminal's: it is refused, or speaks in nobody's name.
  assert.match(
    await echo("10000002", ca === undefined ? server : { ...server, ca }),
    /refused|closed|97/,
  );
  assert.equal(await echo("10000002", own), "refused", "the device knows its acquirer");
});
