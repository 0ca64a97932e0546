import { OdographError } from '@app/common/errors';
import { type Problem } from './input';

/** One thing of a file, checked, with the place where it stands: `line 4`, `feature 2`. */
export interface Drafted<Draft> {
  readonly place: string;
  readonly draft: Draft;
}

export interface Misfit extends Problem {
  readonly place: string;
}

const SHOWN = 5;

/** @throws OdographError INPUT_INVALID naming the first few misfits and how many there are beside them. */
export function refuse(misfits: readonly Misfit[], fieldWord: 'column' | 'property'): void {
  if (misfits.length === 0) return;
  const shown = misfits
    .slice(0, SHOWN)
    .map(({ place, field, message }) => `${place}, ${fieldWord} ${field}: ${message}`);
  const rest = misfits.length > SHOWN ? [`and ${misfits.length - SHOWN} more`] : [];
  throw new OdographError('INPUT_INVALID', { detail: [...shown, ...rest].join('; ') });
}

/**
 * A file that names the same thing twice says two things about it; taking the last would hide that.
 *
 * @throws OdographError INPUT_INVALID naming both places.
 */
export function refuseRepeats<Draft>(
  drafts: readonly Drafted<Draft>[],
  identify: (draft: Draft) => string,
): void {
  const places = new Map<string, string>();
  for (const { place, draft } of drafts) {
    const identity = identify(draft);
    const earlier = places.get(identity);
    if (earlier !== undefined)
      throw new OdographError('INPUT_INVALID', {
        detail: `${place} names what ${earlier} has named already`,
      });
    places.set(identity, place);
  }
}
