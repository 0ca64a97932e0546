import { CONTRACT_VERSION, FLEET_EVENTS, OUTBOX_PARTS, partOf } from '@app/common/contracts';
import { imeiOf } from '../shared/device';

/** Of a message's payload: the JSON map of its stream's fields, without the three that the relay adds. */
export const PAYLOAD_BYTES = 300;
export const DEVICES = 1_008;
export const TOPIC = FLEET_EVENTS;

export interface Key {
  readonly number: number;
  readonly imei: string;
  readonly part: number;
}

/** As many of each part, so that the end of a run is not that of its largest part alone. */
export const KEYS: readonly Key[] = makeKeys();

function makeKeys(): Key[] {
  const keys: Key[] = [];
  const ofPart = new Map<number, number>();
  for (let device = 0; keys.length < DEVICES; device += 1) {
    const imei = imeiOf(device);
    const part = partOf(imei);
    const count = ofPart.get(part) ?? 0;
    if (count === DEVICES / OUTBOX_PARTS) continue;
    ofPart.set(part, count + 1);
    keys.push({ number: keys.length, imei, part });
  }
  return keys;
}

const fieldsOf = ({ number, imei }: Key, pad: string): Record<string, string> => ({
  kind: 'overspeed.started',
  device_id: String(1_000 + number),
  imei,
  tenant_id: 'default',
  occurred_at_ms: '1700000000000',
  payload_json: JSON.stringify({ limit_kmh: 100, speed_kmh: 117, note: pad }),
});

/** All payloads of {@link KEYS} have {@link PAYLOAD_BYTES}. */
export function payloadOf(key: Key): string {
  const bare = JSON.stringify(fieldsOf(key, '')).length;
  return JSON.stringify(fieldsOf(key, 'x'.repeat(PAYLOAD_BYTES - bare)));
}

export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Names and values by turns, as the relay writes them. */
export function entryOf(key: Key, eventId: string): string[] {
  const fields = JSON.parse(payloadOf(key)) as Record<string, string>;
  return Object.entries({
    ...fields,
    v: CONTRACT_VERSION,
    event_id: eventId,
    traceparent: TRACEPARENT,
  }).flat();
}
