import { z } from 'zod';
import { type Position } from './position';

/**
 * A record that rules may look at: a valid fix whose time is storable and not ahead of its arrival. Coordinates are as
 * on the wire (degrees x 1e7); what the record does not say is null: unknown, and never off or zero.
 */
export interface Fix extends Position {
  readonly longitude: number;
  readonly latitude: number;
  readonly altitudeM: number;
  readonly angleDeg: number;
  /** Codec 7 can leave it out. */
  readonly speedKmh: number | null;
  readonly ignition: boolean | null;
  readonly movement: boolean | null;
}

/** Digests are text in JSON: a double cannot carry them. */
const digestSchema = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .transform((text) => BigInt(text));

export const positionSchema = z.object({ timeMs: z.number(), digest: digestSchema });

export const fixSchema = positionSchema.extend({
  longitude: z.number(),
  latitude: z.number(),
  altitudeM: z.number(),
  angleDeg: z.number(),
  speedKmh: z.number().nullable(),
  ignition: z.boolean().nullable(),
  movement: z.boolean().nullable(),
});

/** Where and when something began, for the event that it may become. */
export const anchorSchema = z.object({
  timeMs: z.number(),
  longitude: z.number(),
  latitude: z.number(),
  speedKmh: z.number().nullable(),
});
export type Anchor = z.infer<typeof anchorSchema>;

export const anchorOf = ({ timeMs, longitude, latitude, speedKmh }: Fix): Anchor => ({
  timeMs,
  longitude,
  latitude,
  speedKmh,
});
