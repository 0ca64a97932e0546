import { type z } from 'zod';
import { OdographError } from '@app/common/errors';

/** One thing that is wrong with what was given: the field, and why. Values are not repeated: they may be IMEIs. */
export interface Problem {
  readonly field: string;
  readonly message: string;
}

/** What a schema says of raw fields: the checked value, or all that is wrong with them. */
export function check<Value>(
  schema: z.ZodType<Value>,
  fields: Readonly<Record<string, unknown>>,
): { readonly value: Value } | { readonly problems: readonly Problem[] } {
  const result = schema.safeParse(fields);
  if (result.success) return { value: result.data };
  return {
    problems: result.error.issues.map(({ path, message, code }) => {
      const field = String(path[0] ?? '');
      const missing = code !== 'custom' && (fields[field] === undefined || fields[field] === '');
      return { field, message: missing ? 'is missing' : message };
    }),
  };
}

/**
 * Checks the arguments and options of one command; an option is named as it is written (`--radius-m`).
 *
 * @throws OdographError INPUT_INVALID naming every field that does not fit.
 */
export function checkArguments<Value>(
  schema: z.ZodType<Value>,
  positional: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
): Value {
  const fromOptions = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [snakeCase(name), value]),
  );
  const result = check(schema, { ...fromOptions, ...positional });
  if ('value' in result) return result.value;
  const named = result.problems.map(({ field, message }) => {
    const isOption = !(field in positional);
    return `${isOption ? `--${field.replace(/_/g, '-')}` : `<${field.replace(/_/g, '-')}>`} ${message}`;
  });
  throw new OdographError('INPUT_INVALID', { detail: named.join('; ') });
}

/** `radiusM`, as commander has it, is `radius_m` in files, tables and JSON. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
