import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { OdographError } from '@app/common/errors';
import { type Invocation } from './invocation';

/**
 * What a file says, `-` being standard input.
 *
 * @throws OdographError INPUT_INVALID where it cannot be read.
 */
export async function fileText({ directory, input }: Invocation, file: string): Promise<string> {
  if (file === '-') return text(input);
  try {
    return readFileSync(resolve(directory, file), 'utf8');
  } catch (cause) {
    throw new OdographError('INPUT_INVALID', { detail: 'the file cannot be read', cause });
  }
}
