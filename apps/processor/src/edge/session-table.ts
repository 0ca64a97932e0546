import { type Claimant, type IdentityConflicts } from './identity-conflicts';

/** What the table needs to know of a session. */
export interface TableSession extends Claimant {
  /** Finish the frame in hand, take no other one, end. Resolves when no frame is in hand any more. */
  retire(reason: RetireReason): Promise<void>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Closes the connection at once. */
  abandon(): void;
}

/**
 * `age`: a session is ended now and then, so that connections spread anew over instances. `unanswered`: a command was,
 * so that the next answer would be taken for that to the next one.
 */
export type RetireReason = 'replaced' | 'shutdown' | 'age' | 'unanswered';

interface Holders {
  readonly newest: TableSession;
  /** A second device with the same IMEI. */
  readonly other?: TableSession | undefined;
}

const SLICE_MS = 20;
/** Of a stop's budget; the rest is for what the sessions have in hand. */
const SPREAD_SHARE = 0.5;

/** The sessions of this process: all of them, and the newest one of each IMEI. */
export class SessionTable {
  private readonly all = new Set<TableSession>();
  private readonly byImei = new Map<string, Holders>();

  constructor(private readonly conflicts: IdentityConflicts) {}

  get size(): number {
    return this.all.size;
  }

  get devices(): number {
    return this.byImei.size;
  }

  add(session: TableSession): void {
    this.all.add(session);
  }

  /**
   * Makes this the device's session. A device that opens a second connection has lost the first one (another network,
   * a NAT that forgot it), so the newest wins; resolves when the old one has nothing in hand any more, before which a
   * frame of the new one could overtake it. Two devices that take the IMEI from each other are both served instead:
   * what they send twice is stored once, and ending one would only make it come again.
   */
  async enter(imei: string, session: TableSession): Promise<void> {
    const before = this.byImei.get(imei);
    if (before?.newest === session) return;
    const isConflict = before !== undefined && this.conflicts.note(imei, before.newest, session);
    this.byImei.set(imei, { newest: session, other: isConflict ? before.newest : undefined });
    const retired: Promise<void>[] = [];
    for (const old of isConflict ? [before.other] : [before?.newest, before?.other]) {
      if (old !== undefined && old !== session) retired.push(old.retire('replaced'));
    }
    await Promise.all(retired);
  }

  /** Its connection is gone. It stays the device's session until its frame in hand is done: see {@link enter}. */
  remove(session: TableSession, imei: string | undefined, idle: Promise<void>): void {
    this.all.delete(session);
    if (imei === undefined) return;
    void idle.then(() => {
      const { newest, other } = this.byImei.get(imei) ?? {};
      if (newest === session && other !== undefined) this.byImei.set(imei, { newest: other });
      else if (newest === session) this.byImei.delete(imei);
      else if (newest !== undefined && other === session) this.byImei.set(imei, { newest });
    });
  }

  /**
   * Ends all sessions between frames, so many a second that their devices do not all come to the other instances at
   * once; what is not done after the budget is closed, and its device sends again.
   */
  async drain(budgetMs: number, perSecond = Infinity): Promise<{ readonly abandoned: number }> {
    const timers = new Set<NodeJS.Timeout>();
    const after = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        timers.add(setTimeout(resolve, ms));
      });
    const sessions = [...this.all];
    const drained = Promise.all(
      sessions.map(async (session, index) => {
        const delayMs = Math.min((index / perSecond) * 1000, budgetMs * SPREAD_SHARE);
        // In slices: thousands of timers a second would cost more than the closing.
        if (delayMs >= SLICE_MS) await after(Math.floor(delayMs / SLICE_MS) * SLICE_MS);
        await session.retire('shutdown');
        await session.closed;
      }),
    );
    await Promise.race([drained, after(budgetMs)]);
    for (const timer of timers) clearTimeout(timer);
    const left = [...this.all];
    for (const session of left) session.abandon();
    await Promise.all(left.map(({ closed }) => closed));
    return { abandoned: left.length };
  }
}
