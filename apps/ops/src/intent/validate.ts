import { z } from 'zod';
import { OdographError } from '@app/common/errors';
import { checkArguments, fileText, type Column, type Invocation } from '../cli';
import { checkIntent, type IntentProblem } from './problems';

const validateSchema = z.object({ file: z.string().min(1) });

/** What the intake would say to one intent of a file. */
export interface Verdict {
  /** Where it begins, from 1; of a JSON array which of its members. */
  readonly place: string;
  readonly verdict: 'ok' | IntentProblem['code'];
  readonly notification_type: string | null;
  readonly notification_id: string | null;
  readonly problems: readonly IntentProblem[];
}

const columns: readonly Column<Verdict>[] = [
  { heading: 'PLACE', of: ({ place }) => place },
  { heading: 'VERDICT', of: ({ verdict }) => verdict },
  { heading: 'TYPE', of: ({ notification_type: type }) => type },
  { heading: 'NOTIFICATION', of: ({ notification_id: id }) => id },
  {
    heading: 'PROBLEMS',
    of: ({ problems }) => problems.map(({ field, message }) => `${field} ${message}`.trim()).join('; '),
  },
];

/** `odo intent validate`: asks neither the database nor the streams. */
export async function validate(invocation: Invocation, named: string | undefined): Promise<void> {
  const { file } = checkArguments(validateSchema, { file: named }, invocation.options);
  const verdicts = verdictsOf(await fileText(invocation, file));
  invocation.answerRows(columns, verdicts);
  if (verdicts.some(({ verdict }) => verdict !== 'ok')) invocation.failQuietly();
}

/** @throws OdographError INPUT_INVALID for a text without any intent. */
export function verdictsOf(text: string): readonly Verdict[] {
  const intents = intentsOf(text);
  if (intents.length === 0) throw new OdographError('INPUT_INVALID', { detail: 'the file has no intent' });
  const seen = new Map<string, { readonly fingerprint: string; readonly place: string }>();
  return intents.map(({ place, value }) => {
    if (value === undefined) return verdictOf(place, undefined, NO_JSON);
    const { type, problems, identity } = checkIntent(value);
    if (identity === undefined) return verdictOf(place, type, problems);
    const earlier = seen.get(identity.notificationId);
    if (earlier !== undefined && earlier.fingerprint !== identity.fingerprint) {
      return verdictOf(place, type, [conflictWith(earlier.place)]);
    }
    seen.set(identity.notificationId, { fingerprint: identity.fingerprint, place });
    return { ...verdictOf(place, type, []), notification_id: identity.notificationId };
  });
}

const NO_JSON: readonly IntentProblem[] = [{ code: 'no_object', field: '', message: 'is no JSON' }];

function conflictWith(place: string): IntentProblem {
  const message = `was used for other content at ${place}`;
  return { code: 'idempotency_conflict', field: 'idempotency_key', message };
}

function verdictOf(place: string, type: string | undefined, problems: readonly IntentProblem[]): Verdict {
  return {
    ...{ place, verdict: problems[0]?.code ?? 'ok', notification_type: type ?? null, notification_id: null },
    problems,
  };
}

/** One JSON value over any number of lines (an array holds several intents), or one on each line. */
function intentsOf(text: string): readonly { readonly place: string; readonly value: unknown }[] {
  const whole = jsonOf(text);
  if (Array.isArray(whole)) {
    return whole.map((value: unknown, index) => ({ place: `member ${index + 1}`, value }));
  }
  if (whole !== undefined) return [{ place: 'line 1', value: whole }];
  return text
    .split('\n')
    .map((line, index) => ({ place: `line ${index + 1}`, line }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ place, line }) => ({ place, value: jsonOf(line) }));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says where.
    return undefined;
  }
}
