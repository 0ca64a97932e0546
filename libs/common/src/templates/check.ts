import { z } from 'zod';
import { type IntentType } from '../contracts';
import { describeError, OdographError } from '../errors';
import { UNIT_SYSTEMS } from './formats';
import { LAST_LOCALE } from './locales';
import { type Occurrence, type Templates } from './templates';

const RESERVED: readonly string[] = ['occurred_at_ms', 'formatted', 'collapsed_count', 'items'];
const SAMPLE_TIME_MS = 1_790_000_000_000;

const objectSchema = z.object({
  properties: z.record(z.string(), z.unknown()),
  required: z.array(z.string()).default([]),
});

/**
 * Checks the templates against the catalog as a whole, so that a mistake stops a start and not the first mail of a type:
 * every type has a template with English texts, and in each of its languages it can be written of the fullest and of
 * the barest payload that the catalog admits, alone and told with others.
 *
 * @throws OdographError TEMPLATE_INVALID naming every mistake.
 */
export function checkTemplates(templates: Templates, catalog: Iterable<IntentType>): void {
  const mistakes = [...catalog].flatMap((type) => mistakesOf(templates, type));
  if (mistakes.length > 0) {
    throw new OdographError('TEMPLATE_INVALID', { detail: [...new Set(mistakes)].join('; ') });
  }
}

function mistakesOf(templates: Templates, type: IntentType): string[] {
  const id = type.type;
  if (!templates.ids.includes(id)) return [`${id}: the catalog has it, and there is no template`];
  if (templates.textsOf(id, LAST_LOCALE) === undefined) return [`${id}: it has no texts in ${LAST_LOCALE}`];
  const { sample } = templates.definition(id);
  const fits = type.payload.safeParse(sample);
  if (!fits.success) return [`${id}: its sample is no payload of the type: ${z.prettifyError(fits.error)}`];
  const shape = objectSchema.safeParse(z.toJSONSchema(type.payload, { io: 'input', unrepresentable: 'any' }));
  if (!shape.success) return [`${id}: its payload is no plain object`];
  const { properties, required } = shape.data;
  const unsaid = Object.keys(properties).filter((name) => !(name in sample));
  if (unsaid.length > 0) return [`${id}: its sample does not say ${unsaid.join(', ')}`];
  const reserved = Object.keys(properties).filter((name) => RESERVED.includes(name));
  if (reserved.length > 0) return [`${id}: its payload has the reserved ${reserved.join(', ')}`];
  const barest = Object.fromEntries(Object.entries(sample).filter(([name]) => required.includes(name)));
  return templates.localesOf(id).flatMap((locale) => {
    if (!type.mandatory && templates.textsOf(id, locale)?.list === undefined) {
      return [`${id}, ${locale}: it may be told together, and has no list form`];
    }
    const payloads = [sample, withoutDetails(barest)];
    return failuresOf(templates, id, locale, payloads);
  });
}

/** Details hang on the rule, and any of them may be missing. */
const withoutDetails = (payload: Record<string, unknown>) =>
  'details' in payload ? { ...payload, details: {} } : payload;

function failuresOf(templates: Templates, id: string, locale: string, payloads: readonly object[]): string[] {
  const occurrences = payloads.map((payload): Occurrence => ({ occurredAtMs: SAMPLE_TIME_MS, payload }));
  const hasList = templates.textsOf(id, locale)?.list !== undefined;
  // One more than is listed, so that the line that counts the others is written too.
  const together = hasList ? [undefined, { count: occurrences.length + 1, occurrences }] : [undefined];
  return UNIT_SYSTEMS.flatMap((units) =>
    occurrences.flatMap((occurrence) =>
      together.flatMap((collapsed) => {
        try {
          const call = templates.call(id, occurrence, { locale, units, timezone: 'UTC' }, collapsed);
          templates.render(id, locale, call.variables, { unsubscribeUrl: 'https://example.org/' });
          return [];
        } catch (error) {
          return [`${locale}: ${describeError(error)}`];
        }
      }),
    ),
  );
}
