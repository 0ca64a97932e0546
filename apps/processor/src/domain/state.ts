import { z } from 'zod';
import { positionSchema } from './fix';
import { fixFilterSchema, NO_FIX } from './fixes';

/** Raised with any change of shape or meaning of a stored state; states of another version are settled anew. */
export const STATE_VERSION = 1;

export const stateSchema = z.object({
  v: z.literal(STATE_VERSION),
  /** The last record that the fold has seen. */
  at: positionSchema.nullable(),
  fixes: fixFilterSchema,
  /** Rule key to the state of that rule. A rule is in here from the first fold on that knew it. */
  rules: z.record(z.string(), z.unknown()),
  /** Events found at the millisecond of the last fix: two records of one millisecond cannot raise the same one twice. */
  raised: z.object({ timeMs: z.number(), events: z.array(z.string()) }).nullable(),
});

/** All that the rules remember of a device after a record. */
export type DeviceState = z.infer<typeof stateSchema>;

export const EMPTY_STATE: DeviceState = {
  v: STATE_VERSION,
  at: null,
  fixes: NO_FIX,
  rules: {},
  raised: null,
};

/** Canonical JSON: equal states give equal text, whatever way they were come to. */
export function encodeState(state: DeviceState): string {
  return canonical(state);
}

/** Undefined for a state of another version or shape, from which nothing can be gone on. */
export function decodeState(text: string): DeviceState | undefined {
  const parsed: unknown = JSON.parse(text);
  const result = stateSchema.safeParse(parsed);
  return result.success ? result.data : undefined;
}

/** Written for every device of every batch: so by the engine's own JSON, whose text needs no putting together. */
export function canonical(value: unknown): string {
  return JSON.stringify(inOrder(value));
}

function inOrder(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const ordered: Record<string, unknown> = {};
  for (const key of sorted(Object.keys(value))) ordered[key] = inOrder(Reflect.get(value, key));
  return ordered;
}

/** By insertion, which for the handful of members that these have is faster than the engine's sort. */
function sorted(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    let at = index;
    for (; at > 0 && (keys[at - 1] ?? '') > key; at -= 1) keys[at] = keys[at - 1] ?? '';
    keys[at] = key;
  }
  return keys;
}
