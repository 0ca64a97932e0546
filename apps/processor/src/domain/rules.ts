import { geofence } from './geofence';
import { overspeed } from './overspeed';
import { bind, type BoundRule } from './rule';

/** Every kind of rule. A new one is a file of its own and a line here. */
const RULE_KINDS: Readonly<Record<string, (settings: unknown) => BoundRule>> = {
  overspeed: (settings) => bind(overspeed, settings),
  geofence: (settings) => bind(geofence, settings),
};

/** A version of a rule as it applies to a device. */
export interface ActiveRule {
  /** `rule:<id>` or `geofence:<id>`: part of the identity of its events. */
  readonly reference: string;
  readonly version: number;
  /** For people, in notifications. */
  readonly name: string;
  /** Fixes before this event time are not judged. */
  readonly validFromMs: number;
  readonly bound: BoundRule;
}

/** The key of a rule's state: another version begins anew. */
export const ruleKey = ({ reference, version }: Pick<ActiveRule, 'reference' | 'version'>): string =>
  `${reference}@${version}`;

/** @throws Error for an unknown kind, ZodError for settings that do not fit it. */
export function bindRule(kind: string, settings: unknown): BoundRule {
  const binder = RULE_KINDS[kind];
  if (binder === undefined) throw new Error(`there is no rule kind ${kind}`);
  return binder(settings);
}
