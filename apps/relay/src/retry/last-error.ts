/** What is kept of a refusal: an operator reads it, and so may whoever is handed a dead letter. */

const MAX_CHARACTERS = 8192;
const CUT = '…[truncated]';

const HIDDEN: readonly (readonly [pattern: RegExp, mask: string])[] = [
  [/\b([a-z][a-z\d+.-]*:\/\/)[^\s/@]*@/gi, '$1***@'],
  [/\b(password|passwd|token|secret|authorization|api[_-]?key)(["']?\s*[:=]\s*["']?)[^\s"',;]+/gi, '$1$2***'],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '***@***'],
  [/\b\d{11}(\d{4})\b/g, '***********$1'],
];

/** At most 8,192 characters, without credentials, addresses and whole IMEIs. */
export function lastErrorOf(words: string): string {
  const hidden = HIDDEN.reduce((text, [pattern, mask]) => text.replace(pattern, mask), words);
  // A NUL is the one character that no text column takes.
  const clean = hidden.replaceAll('\0', '');
  return clean.length <= MAX_CHARACTERS ? clean : clean.slice(0, MAX_CHARACTERS - CUT.length) + CUT;
}
