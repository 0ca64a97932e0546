/** A prepared statement: parsed once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** PostgreSQL cuts longer identifiers off, and two statements that share their first 63 bytes would be one. */
const MAX_NAME_BYTES = 63;

const texts = new Map<string, string>();

/**
 * Names a statement: `<area or feature>_<what it does>`. One name has one text in a process.
 *
 * @throws RangeError at load where the name is too long or is taken by another text; a connection would find out only
 * when it runs the second one.
 */
export function statement(name: string, text: string): Statement {
  if (name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new RangeError(`a statement name has 1 to ${MAX_NAME_BYTES} bytes, got ${JSON.stringify(name)}`);
  }
  if ((texts.get(name) ?? text) !== text) throw new RangeError(`two statements are named ${name}`);
  texts.set(name, text);
  return { name, text };
}
