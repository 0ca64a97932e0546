import { CodecError } from '../src/errors';

/** What the library says to a call: 'accepted', or the code and offset of its CodecError. Any other error fails the test. */
export function outcomeOf(call: () => unknown): { code: string; offset?: number } {
  try {
    call();
    return { code: 'accepted' };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return error.offset === undefined ? { code: error.code } : { code: error.code, offset: error.offset };
  }
}

export function codeOf(call: () => unknown): string {
  return outcomeOf(call).code;
}
