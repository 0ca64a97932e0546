import { generateKeyPairSync, sign } from 'node:crypto';
import { type KeyPair } from './tls-door';

/* A self-signed certificate without a tool of the machine: X.509 v1 (RFC 5280, 4.1) in DER, as little as TLS needs. */

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const COMMON_NAME = '550403';

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const utc = (date: Date): Buffer =>
  der(UTC_TIME, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

/** A certificate for a day under this common name, and its key. For specs; not part of the app. */
export function selfSigned(commonName: string): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, der(OBJECT_ID, hex(ECDSA_WITH_SHA256)));
  const attribute = [der(OBJECT_ID, hex(COMMON_NAME)), der(UTF8_STRING, Buffer.from(commonName))];
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, ...attribute)));
  const dayMs = 86_400_000;
  const now = Date.now();
  const validity = der(SEQUENCE, utc(new Date(now - dayMs)), utc(new Date(now + dayMs)));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(SEQUENCE, der(INTEGER, hex('01')), algorithm, name, validity, name, spki);
  const signature = der(BIT_STRING, hex('00'), sign('sha256', body, privateKey));
  const encoded = der(SEQUENCE, body, algorithm, signature).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${encoded}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
