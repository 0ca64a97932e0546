import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { INTENT_CATALOG } from '@app/common/contracts';
import { describeError, OdographError } from '@app/common/errors';
import { type Occurrence, type RenderedMail, TEMPLATES } from '@app/common/templates';
import { type PreviewOptions } from './template.schema';

export interface Preview extends RenderedMail {
  readonly type: string;
  /** The language that was found for what was asked. */
  readonly locale: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** As many as a mail lists; the others it counts. */
const MOST_LISTED = 100;

/**
 * The mail of a type, of its sample or of the payload in a file; of several payloads, or with a count, as one mail.
 *
 * @throws OdographError NOT_FOUND, INPUT_INVALID
 */
export function previewOf(directory: string, options: PreviewOptions): Preview {
  const { type, at, count, payload: file } = options;
  const given = file === undefined ? [TEMPLATES.definition(type).sample] : readPayloads(directory, file);
  const occurredAtMs = (at ?? new Date()).getTime();
  const occurrences = given.map((payload): Occurrence => ({ occurredAtMs, payload: checked(type, payload) }));
  const [first] = occurrences;
  if (first === undefined)
    throw new OdographError('INPUT_INVALID', { detail: 'there is no payload in the file' });
  const told = count ?? occurrences.length;
  const listed =
    count === undefined ? occurrences : Array.from({ length: Math.min(count, MOST_LISTED) }, () => first);
  const call = TEMPLATES.call(
    type,
    first,
    options,
    told > 1 ? { count: told, occurrences: listed.slice(0, MOST_LISTED) } : undefined,
  );
  return { type, ...call, ...TEMPLATES.render(type, call.locale, call.variables) };
}

function checked(type: string, payload: unknown): unknown {
  TEMPLATES.definition(type);
  const result = INTENT_CATALOG.get(type)?.payload.safeParse(payload);
  if (result?.success === true) return result.data;
  const why = result === undefined ? 'the catalog has no such type' : z.prettifyError(result.error);
  throw new OdographError('INPUT_INVALID', { detail: `no payload of ${type}: ${why}` });
}

function readPayloads(directory: string, file: string): unknown[] {
  try {
    const content: unknown = JSON.parse(readFileSync(resolve(directory, file), 'utf8'));
    return Array.isArray(content) ? content : [content];
  } catch (cause) {
    throw new OdographError('INPUT_INVALID', { detail: `${file}: ${describeError(cause)}`, cause });
  }
}
