// Opens a licence or machine file as a vendor's program would, with nothing of Keyway's: checks its lines, verifies
// its signature with a public key, decrypts it, and prints the document in it.
//
//   node open_file.mjs PREFIX KEYS [SECRET] < FILE
//
// PREFIX is `license` or `machine`, KEYS the account's `meta.keys` as JSON. A file that is not good ends it with 1.
import { createDecipheriv, createHash, createPublicKey, constants, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const [prefix, keys, secret] = process.argv.slice(2);

function fail(what) {
  console.error(what);
  process.exit(1);
}

const text = readFileSync(0, "utf8");
const label = `${prefix.toUpperCase()} FILE`;
const lines = text.split("\n");
if (lines.pop() !== "") fail("the last line does not end");
if (lines.shift() !== `-----BEGIN ${label}-----` || lines.pop() !== `-----END ${label}-----`) fail("not a file of this kind");
const last = lines.pop();
if (lines.some((line) => line.length !== 60) || last.length > 60) fail("lines are not 60 characters long");
const { enc, sig, alg } = JSON.parse(Buffer.from([...lines, last].join(""), "base64").toString());
const [encoding, signing] = alg.split("+");

const published = Object.fromEntries(
  Object.entries(JSON.parse(keys)).map(([name, key]) => [name, Buffer.from(key, "base64").toString()]),
);
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN };
const spki = (hex) => Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(hex, "hex")]);
const verifier = {
  ed25519: [null, createPublicKey({ key: spki(published.ed25519), format: "der", type: "spki" })],
  "rsa-pss-sha256": ["sha256", { key: published.rsa2048, ...pss }],
  "rsa-sha256": ["sha256", published.rsa2048],
  "ecdsa-p256": ["sha256", published.ecdsa],
}[signing];
if (!verifier) fail(`unknown signature ${signing}`);
const [digest, key] = verifier;
if (!verify(digest, Buffer.from(`${prefix}/${enc}`), key, Buffer.from(sig, "base64"))) fail("the signature is bad");

function decrypt() {
  const [ciphertext, iv, tag] = enc.split(".").map((part) => Buffer.from(part, "base64"));
  if (iv.length !== 12 || tag.length !== 16) fail("not AES-GCM as documented");
  const decipher = createDecipheriv("aes-256-gcm", createHash("sha256").update(secret).digest(), iv);
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return fail("the secret is wrong");
  }
}

const document = { base64: () => Buffer.from(enc, "base64"), "aes-256-gcm": decrypt }[encoding]?.();
if (!document) fail(`unknown encoding ${encoding}`);
process.stdout.write(JSON.stringify({ alg, document: JSON.parse(document.toString()) }));
