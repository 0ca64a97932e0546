import { z } from 'zod';

/** How a frame came in. */
export const TRANSPORTS = ['tcp', 'udp', 'tls'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/**
 * One entry of a telemetry stream, as it lies in Redis: all strings but `frame`, which is the raw AVL packet
 * (the whole datagram for UDP).
 */
export interface TelemetryEntry {
  readonly imei: string;
  readonly transport: Transport;
  /** Milliseconds since 1970 on the edge's clock, at the frame's last byte. */
  readonly receivedAtMs: number;
  /** Remote address and port, for operators. */
  readonly peer: string;
  readonly frame: Buffer;
}

/** A device as the edge needs to know it: the value of a field of the registry hash. */
export const registeredDeviceSchema = z.object({
  deviceId: z.string(),
  tenantId: z.string(),
  enabled: z.boolean(),
});
export type RegisteredDevice = z.infer<typeof registeredDeviceSchema>;

export const UNKNOWN_DEVICE_POLICIES = ['reject', 'quarantine', 'enroll'] as const;
/** What happens to a login whose IMEI the registry does not hold. */
export type UnknownDevicePolicy = (typeof UNKNOWN_DEVICE_POLICIES)[number];

/** An IMEI as it appears in a Teltonika login: fifteen digits. */
export const imeiSchema = z.string().regex(/^\d{15}$/, 'an IMEI has fifteen digits');

/** One entry of TELEMETRY_LOSSES: what a device has acks for behind `after_id` up to `last_id` may be gone. */
export const streamLossSchema = z.object({
  v: z.string(),
  imei: imeiSchema,
  stream: z.string(),
  after_id: z.string(),
  last_id: z.string(),
  reported_by: z.string(),
});
