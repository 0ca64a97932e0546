import { type Transport } from '@app/common/contracts';
import { type CommandLine } from '../commands';
import { type RefusalCode } from './edge.errors';

/** The connection as the dialogue sees it. */
export interface Line extends CommandLine {
  readonly transport: Transport;
  readonly peer: string;
  readonly address: string;
  /** False once the connection ends: nothing is answered any more. */
  readonly isOpen: boolean;
  /** Aborted when the device no longer waits for an answer. */
  readonly signal: AbortSignal;
  /** When the latest bytes came: wall clock, and monotonic. */
  readonly heardAt: { readonly ms: number; readonly tick: number };
  /** False, at once or later, when the device is gone. */
  reply(bytes: Uint8Array): boolean | Promise<boolean>;
  /** Closes without an answer. */
  refuse(code: RefusalCode): void;
  /** Answers a login with no, then closes. */
  rejectLogin(code: RefusalCode, imei?: string): void;
  /** Makes this connection the device's; resolves when no older one has a frame in hand any more. */
  claim(imei: string): Promise<void>;
  /** A frame is with the store from now on; for how long is the line's to say. */
  hold(): void;
  /** What was in hand is over: see {@link Dialogue.handle}. */
  done(): void;
  /** What is in hand goes on until this resolves. */
  carryOut(work: Promise<void>): void;
}
