/** A line that is longer than any frame can be; what is behind it is read on. */
export interface OverlongLine {
  readonly isOverlong: true;
}

/** The lines of a stream as they come, without their ends; holds at most one line of `maxCharacters`. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer | string>,
  maxCharacters: number,
): AsyncGenerator<string | OverlongLine> {
  const decoder = new TextDecoder();
  let rest = '';
  let isOverlong = false;
  for await (const chunk of chunks) {
    const parts = (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })).split('\n');
    for (const [index, part] of parts.entries()) {
      rest += isOverlong ? '' : part;
      if (rest.length > maxCharacters) isOverlong = true;
      if (isOverlong) rest = '';
      if (index === parts.length - 1) break;
      yield isOverlong ? { isOverlong } : rest;
      rest = '';
      isOverlong = false;
    }
  }
  if (isOverlong) yield { isOverlong };
  else if (rest !== '') yield rest;
}
