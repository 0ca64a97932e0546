import { z } from 'zod';
import { parseDuration } from '@app/common/config';
import { CHANNELS, INTENT_CATALOG } from '@app/common/contracts';
import { DEFAULT_TENANT, tenantField, userIdField } from '../cli';

/** Stands for every user of the tenant, every type, every channel. */
export const ANY = '*';

const INHERIT = 'inherit';
/** A week, as the table has it. */
const MAX_WINDOW_S = 604_800;

const userField = z.union([z.literal(ANY), userIdField], 'is neither a user id nor *');
const typeField = z
  .string()
  .refine((type) => type === ANY || INTENT_CATALOG.has(type), {
    error: `is none of *, ${[...INTENT_CATALOG.keys()].join(', ')}`,
  })
  .default(ANY);
const channelField = z.enum([ANY, ...CHANNELS], `is none of *, ${CHANNELS.join(', ')}`).default(ANY);

/** null: nothing is said here, so that a less specific preference decides. */
const enabledField = z
  .enum(['on', 'off', INHERIT], 'is none of on, off, inherit')
  .transform((word) => (word === INHERIT ? null : word === 'on'));

/** Seconds; 0 for at once. */
const digestField = z.string().transform((text, context) => {
  if (text === INHERIT) return null;
  const seconds = text === 'off' ? 0 : windowSeconds(text);
  if (seconds !== undefined) return seconds;
  context.addIssue({ code: 'custom', message: 'is no window such as 15m (at most 7d), off or inherit' });
  return z.NEVER;
});

export interface Throttle {
  readonly limit: number | null;
  /** 0 for without limit. */
  readonly windowS: number | null;
}

/** `5/10m`: five in ten minutes. */
const throttleField = z.string().transform((text, context): Throttle => {
  if (text === INHERIT) return { limit: null, windowS: null };
  if (text === 'off') return { limit: null, windowS: 0 };
  const [count = '', length = ''] = text.split('/');
  const windowS = windowSeconds(length);
  if (/^[1-9]\d{0,6}$/.test(count) && windowS !== undefined) return { limit: Number(count), windowS };
  context.addIssue({ code: 'custom', message: 'is no throttle such as 5/10m (at most 7d), off or inherit' });
  return z.NEVER;
});

function windowSeconds(text: string): number | undefined {
  const seconds = (parseDuration(text) ?? 0) / 1000;
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_WINDOW_S ? seconds : undefined;
}

const identity = {
  user_id: userField,
  type: typeField,
  channel: channelField,
  tenant: tenantField.default(DEFAULT_TENANT),
};

/** Which preference it is: of whom, about what, where. */
export const preferenceKey = z.object(identity);
export type PreferenceKey = z.infer<typeof preferenceKey>;

/** A preference as an operator gives it; what is left out stays as it is. */
export const preferenceDraft = z
  .object({
    ...identity,
    on: z.boolean().optional(),
    off: z.boolean().optional(),
    enabled: enabledField.optional(),
    digest: digestField.optional(),
    throttle: throttleField.optional(),
  })
  .superRefine((draft, context) => {
    const refuse = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (saysTwice(draft)) refuse('enabled', 'is said twice: one of --on, --off and --enabled');
    if (
      !saysOnOrOff(draft) &&
      draft.enabled === undefined &&
      draft.digest === undefined &&
      draft.throttle === undefined
    ) {
      refuse('enabled', 'is missing: give on, off, a digest or a throttle');
    }
    const type = INTENT_CATALOG.get(draft.type);
    if (type === undefined) return;
    if (type.audience !== 'user') {
      refuse('type', `tells administrators, whom NOTIFICATION_ADMIN_EMAILS_… names, and no user`);
    } else if (type.mandatory || type.lane === 'urgent') {
      refuse('type', 'is mandatory: its notifications reach everybody at once, whatever anybody prefers');
    } else if (draft.channel !== ANY && !type.channels.includes(draft.channel)) {
      refuse('channel', `is none of ${type.type}, which goes by ${type.channels.join(' and ')}`);
    }
  })
  .transform(({ on, off, enabled, ...draft }) => ({
    ...draft,
    enabled: on === true ? true : off === true ? false : enabled,
  }));
export type PreferenceDraft = z.infer<typeof preferenceDraft>;

interface OnOrOff {
  readonly on?: boolean | undefined;
  readonly off?: boolean | undefined;
  readonly enabled?: boolean | null | undefined;
}

const saysOnOrOff = ({ on, off }: OnOrOff): boolean => on === true || off === true;
const saysTwice = ({ on, off, enabled }: OnOrOff): boolean =>
  [on === true, off === true, enabled !== undefined].filter(Boolean).length > 1;
