/** What the table needs to know of a session. */
export interface TableSession {
  /** Finish the frame in hand, take no other one, end. Resolves when no frame is in hand any more. */
  retire(reason: RetireReason): Promise<void>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Closes the connection at once. */
  abandon(): void;
}

export type RetireReason = 'replaced' | 'shutdown';

/** The sessions of this process: all of them, and the newest one of each IMEI. */
export class SessionTable {
  private readonly all = new Set<TableSession>();
  private readonly byImei = new Map<string, TableSession>();

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
   * frame of the new one could overtake it.
   */
  async enter(imei: string, session: TableSession): Promise<void> {
    const before = this.byImei.get(imei);
    this.byImei.set(imei, session);
    if (before !== undefined && before !== session) await before.retire('replaced');
  }

  /** Its connection is gone. It stays the device's session until its frame in hand is done: see {@link enter}. */
  remove(session: TableSession, imei: string | undefined, idle: Promise<void>): void {
    this.all.delete(session);
    if (imei === undefined) return;
    void idle.then(() => {
      if (this.byImei.get(imei) === session) this.byImei.delete(imei);
    });
  }

  /** Ends all sessions between frames; what is not done after the budget is closed, and its device sends again. */
  async drain(budgetMs: number): Promise<{ readonly abandoned: number }> {
    const sessions = [...this.all];
    const drained = Promise.all(
      sessions.map(async (session) => {
        await session.retire('shutdown');
        await session.closed;
      }),
    );
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, budgetMs);
    });
    await Promise.race([drained, timeUp]);
    clearTimeout(timer);
    const left = [...this.all];
    for (const session of left) session.abandon();
    await Promise.all(left.map(({ closed }) => closed));
    return { abandoned: left.length };
  }
}
