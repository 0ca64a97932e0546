import { z } from 'zod';
import { imeiSchema } from '@app/common/contracts';
import { DEFAULT_TENANT, momentField, nameField, numberField, tenantField } from '../cli';

const DAY_S = 86_400;
/** The wire holds 16 bits, and no vehicle goes a tenth of it. */
const MAX_SPEED_KMH = 1000;

/** Settings of each kind of rule, as telemetry.rule.settings holds them. */
export const ruleSettings = {
  /** Over limit + tolerance for as long begins an episode; at the limit or below it ends. */
  overspeed: z.object({
    limit_kmh: numberField({ above: 0, max: MAX_SPEED_KMH }),
    tolerance_kmh: numberField({ min: 0, max: MAX_SPEED_KMH }).default(0),
    min_duration_s: numberField({ min: 0, max: DAY_S }).default(0),
  }),
};
export type RuleKind = keyof typeof ruleSettings;

const common = z.object({
  name: nameField,
  device: imeiSchema.optional(),
  since: momentField.optional(),
  tenant: tenantField.default(DEFAULT_TENANT),
});

/** A rule as an operator gives it: its kind, the settings of that kind, and whom it judges from when on. */
export const ruleDraft = z.discriminatedUnion(
  'kind',
  [z.object({ kind: z.literal('overspeed'), ...common.shape, ...ruleSettings.overspeed.shape })],
  `is none of ${Object.keys(ruleSettings).join(', ')}`,
);
export type RuleDraft = z.infer<typeof ruleDraft>;

export const ruleKey = z.object({ name: nameField, tenant: tenantField.default(DEFAULT_TENANT) });
export type RuleKey = z.infer<typeof ruleKey>;

/** The part of a draft that goes into telemetry.rule.settings. */
export function settingsOf(draft: RuleDraft): Readonly<Record<string, number>> {
  return ruleSettings[draft.kind].parse(draft);
}
