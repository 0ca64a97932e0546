import { printSchema, type SchemaSource } from './schema-print';
import committedPrint from './schema.print.txt';

/** One object that is not as the migrations of this build make it. */
export interface SchemaDifference {
  /** Kind and name: `column telemetry.device.name`. */
  readonly object: string;
  /** Its definition in the committed print; undefined for an object that should not be there. */
  readonly expected: string | undefined;
  /** Its definition in this database; undefined for an object that is missing. */
  readonly found: string | undefined;
}

/** Compares the live catalogs with the print that belongs to this build; empty where they agree. */
export async function checkSchema(source: SchemaSource): Promise<SchemaDifference[]> {
  return compareSchemas(committedPrint, await printSchema(source));
}

export function compareSchemas(expectedPrint: string, foundPrint: string): SchemaDifference[] {
  const expected = parse(expectedPrint);
  const found = parse(foundPrint);
  const objects = [...new Set([...expected.keys(), ...found.keys()])];
  return objects
    .filter((object) => expected.get(object) !== found.get(object))
    .map((object) => ({ object, expected: expected.get(object), found: found.get(object) }));
}

/** For a terminal: the object's name, then `- expected` and `+ found`. */
export function describeDifference({ object, expected, found }: SchemaDifference): string {
  return [
    object,
    ...(expected === undefined ? [] : [`  - ${expected}`]),
    ...(found === undefined ? [] : [`  + ${found}`]),
  ].join('\n');
}

/** For a terminal: the differences, one under the other, and how many they are. */
export function describeDifferences(differences: readonly SchemaDifference[]): string {
  const count = `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`;
  return [...differences.map(describeDifference), `${count} (- this build, + this database)`].join('\n');
}

/** For people who compare two schemas of equal rights: a sentence for each difference. */
export function differenceInWords(
  { object, expected, found }: SchemaDifference,
  a: string,
  b: string,
): string {
  if (expected === undefined) return `${object} is only in ${b}: ${found ?? ''}`;
  if (found === undefined) return `${object} is only in ${a}: ${expected}`;
  return `${object} differs\n  in ${a}: ${expected}\n  in ${b}: ${found}`;
}

/** Object to definition. Neither a kind nor a name of ours holds `: `, so the first one ends the object. */
function parse(print: string): Map<string, string> {
  const lines = print.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
}
