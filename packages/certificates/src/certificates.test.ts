import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { issueCertificate, keyUsages, makeAuthority, makeRequest, nameOf } from "./index.ts";

const { algorithm, usages } = keyUsages;
const keys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(algorithm, true, [...usages]);

const from = Date.parse("2026-01-01T00:00:00Z");
const to = Date.parse("2036-01-01T00:00:00Z");

async function authority(name = "Tillway terminals") {
  const pair = await keys();
  const certificate = await makeAuthority(name, pair, { from, to, serial: "01" });
  return { certificate, key: pair.privateKey };
}

const common = { from, to, serial: "0A01" };

test("a terminal's certificate is of its own key, named as the acquirer says, for clients only", async () => {
  const ca = await authority();
  const request = await makeRequest("whoever", await keys());
  const pem = await issueCertificate({
    ...common,
    authority: ca,
    request,
    name: "10000001",
    hosts: [],
  });
  const read = new X509Certificate(pem);
  assert.equal(read.subject, "CN=10000001");
  assert.equal(nameOf(pem), "10000001");
  assert.ok(read.verify(new X509Certificate(ca.certificate).publicKey));
  assert.ok(!read.verify(new X509Certificate((await authority()).certificate).publicKey));
  assert.ok(!read.ca);
  assert.deepEqual(read.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  assert.equal(read.validToDate.getTime(), to);
});

test("a server's certificate is good for its hosts", async () => {
  const ca = await authority();
  const request = await makeRequest("acquirer", await keys());
  const hosts = ["localhost", "127.0.0.1"];
  const pem = await issueCertificate({
    ...common,
    authority: ca,
    request,
    name: "acquirer",
    hosts,
  });
  const read = new X509Certificate(pem);
  assert.equal(read.checkHost("localhost"), "localhost");
  assert.equal(read.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(read.checkHost("elsewhere"), undefined);
  assert.deepEqual(read.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
});

test("a request that is none, was changed, or a name that could be another is refused", async () => {
  const ca = await authority();
  const request = await makeRequest("10000001", await keys());
  const options = { ...common, authority: ca, name: "10000001", hosts: [] };
  await assert.rejects(issueCertificate({ ...options, request: "nothing" }), RangeError);
  const other = await makeRequest("10000002", await keys());
  const [head = "", ...lines] = request.split("\n");
  const mixed = [head, ...lines.slice(0, 2), ...other.split("\n").slice(3)].join("\n");
  await assert.rejects(issueCertificate({ ...options, request: mixed }), RangeError);
  await assert.rejects(issueCertificate({ ...options, request, name: "a,CN=b" }), RangeError);
});
