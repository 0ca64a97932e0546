import { OdographError } from '../../errors';
import { errorWord } from '../server-refusals';
import { type NodeAddress } from './endpoint';

/** A node's answer that another one serves the slot. What was asked was refused, not done. */
export interface Redirection {
  /** `ask`: only this once, while the slot is being moved. */
  readonly kind: 'moved' | 'ask';
  readonly slot: number;
  readonly address: NodeAddress;
}

/** Undefined for every other error; `asked` is the node that answered. */
export function redirectionOf(error: unknown, asked: NodeAddress): Redirection | undefined {
  const cause = error instanceof OdographError ? error.cause : error;
  if (!(cause instanceof Error)) return undefined;
  const word = errorWord(cause.message);
  if (word !== 'MOVED' && word !== 'ASK') return undefined;
  // MOVED 3999 127.0.0.1:6381; without a host it is that of the node that answered.
  const [, slot = '', address = ''] = cause.message.split(' ');
  const whole = address.startsWith(':') ? asked.slice(0, asked.lastIndexOf(':')) + address : address;
  return { kind: word === 'MOVED' ? 'moved' : 'ask', slot: Number(slot), address: whole };
}
