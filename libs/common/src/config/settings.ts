import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { OdographError } from '../errors';

/** Where settings come from: `process.env`, or a plain map in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A group of settings, usually of one feature: each key is the name of an environment variable. */
export interface SettingGroup<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** Variables with these prefixes are ours: one that no group of the app names is refused. */
  readonly prefixes: readonly string[];
  readonly shape: Shape;
}

/** Declares a group; every field of the shape carries `.describe(...)`, from which the reference page is made. */
export function settingGroup<Shape extends z.ZodRawShape>(
  prefixes: readonly string[],
  shape: Shape,
): SettingGroup<Shape> {
  return { prefixes, shape };
}

/** Several groups as one, to be read and complained about together. */
export function mergeGroups(groups: readonly SettingGroup[]): SettingGroup {
  return {
    prefixes: groups.flatMap(({ prefixes }) => prefixes),
    shape: Object.fromEntries(groups.flatMap(({ shape }) => Object.entries(shape))),
  };
}

export type SettingsOf<Group> = Group extends SettingGroup<infer Shape> ? z.infer<z.ZodObject<Shape>> : never;

/**
 * Reads and checks the settings of one group. `NAME_FILE` may stand for `NAME` and names a file with its value.
 *
 * @throws OdographError CONFIG_INVALID naming every missing or wrong variable; values are never part of the text.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  group: SettingGroup<Shape>,
  environment: Environment,
): z.infer<z.ZodObject<Shape>> {
  const input: Record<string, string> = {};
  for (const key of Object.keys(group.shape)) {
    const value = settingValue(key, environment);
    if (value !== undefined) input[key] = value;
  }
  const result = z.object(group.shape).safeParse(input);
  if (result.success) return result.data;
  const detail = result.error.issues
    .map(({ path, message }) => {
      const key = String(path[0]);
      return key in input ? `${key}: ${message}` : `${key} is not set`;
    })
    .join('; ');
  throw new OdographError('CONFIG_INVALID', { detail });
}

/**
 * The value of a variable, or of the file that `NAME_FILE` names; undefined where neither says anything.
 *
 * @throws OdographError CONFIG_INVALID where both are set, or the file cannot be read.
 */
export function settingValue(key: string, environment: Environment): string | undefined {
  const direct = nonEmpty(environment[key]);
  const file = nonEmpty(environment[`${key}_FILE`]);
  if (file === undefined) return direct;
  if (direct !== undefined) {
    throw new OdographError('CONFIG_INVALID', { detail: `${key} and ${key}_FILE are both set` });
  }
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    throw new OdographError('CONFIG_INVALID', { detail: `${key}_FILE cannot be read`, cause });
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

/**
 * Refuses variables that carry one of our prefixes and that no group knows: a misspelt setting that silently falls
 * back to its default has stopped whole deployments.
 *
 * @throws OdographError CONFIG_UNKNOWN_KEY naming all of them.
 */
export function refuseUnknownKeys(groups: readonly SettingGroup[], environment: Environment): void {
  const known = new Set(
    groups.flatMap(({ shape }) => Object.keys(shape).flatMap((key) => [key, `${key}_FILE`])),
  );
  const prefixes = groups.flatMap((group) => group.prefixes);
  const unknown = Object.keys(environment)
    .filter((key) => prefixes.some((prefix) => key.startsWith(prefix)) && !known.has(key))
    .sort();
  if (unknown.length > 0) throw new OdographError('CONFIG_UNKNOWN_KEY', { detail: unknown.join(', ') });
}
