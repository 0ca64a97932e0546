import { type Transport } from '@app/common/contracts';
import { maskImei } from '@app/common/observability';
import { FrameReader, LOGIN_REJECTED } from '@app/teltonika-codec';
import { type ByteBudget, type ByteShare } from './byte-budget';
import { Deadline, type Wait } from './deadline';
import { type DeviceLink, type LinkEvents } from './device-link';
import { Dialogue, type DialogueParts, type Line } from './dialogue';
import { isBadLogin, type RefusalCode } from './edge.errors';
import { type RetireReason, type SessionTable, type TableSession } from './session-table';

export interface SessionParts extends DialogueParts {
  readonly table: SessionTable;
  readonly budget: ByteBudget;
  /** How old a session becomes; up to a quarter more, by chance. */
  readonly ageMs: number;
  readonly waitsMs: Readonly<Record<Wait, number>>;
}

const CODE_BY_WAIT: Readonly<Record<Wait, RefusalCode>> = {
  login: 'LOGIN_TIMEOUT',
  frame: 'FRAME_TIMEOUT',
  idle: 'IDLE_TIMEOUT',
  write: 'WRITE_TIMEOUT',
};

/**
 * One device connection over any kind of link: cuts its bytes, hands one thing after the other to the dialogue, and
 * keeps the times. While something is in hand no more than one chunk is read, so a device that does not wait for its
 * acks fills its own socket and not our memory.
 */
export class Session implements LinkEvents, TableSession, Line {
  readonly closed: Promise<void>;
  heardAt = { ms: 0, tick: 0 };
  private resolveClosed = (): void => undefined;
  private readonly reader = new FrameReader();
  private readonly dialogue: Dialogue;
  private readonly deadline: Deadline;
  private readonly share: ByteShare;
  private readonly endsAtTick: number;
  private readonly abandonment = new AbortController();
  private work: Promise<void> | undefined;
  private retiring: RetireReason | undefined;
  private isOver = false;
  private isPaused = false;
  private isMidInput = false;
  private hasPeerEnded = false;

  constructor(
    private readonly link: DeviceLink,
    private readonly parts: SessionParts,
  ) {
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    this.dialogue = new Dialogue(this, parts);
    this.deadline = new Deadline(parts.waitsMs, (wait) => this.refuse(CODE_BY_WAIT[wait]));
    this.deadline.within('login');
    this.endsAtTick = performance.now() + parts.ageMs * (1 + Math.random() / 4);
    this.share = parts.budget.open(() => this.advance());
    parts.table.add(this);
    parts.metrics.sessionOpened(link.transport);
  }

  onBytes(chunk: Uint8Array): void {
    this.parts.metrics.received(chunk.length);
    if (this.isOver) return;
    this.heardAt = { ms: Date.now(), tick: performance.now() };
    this.reader.push(chunk);
    // One chunk is read ahead. Stopping and starting the socket for every frame would cost more than the frame.
    if (this.work !== undefined) this.pause();
    this.advance();
  }

  onEnd(): void {
    this.hasPeerEnded = true;
    this.advance();
  }

  onClose(): void {
    if (this.work === undefined && this.reader.bufferedBytes > 0) this.refuse('INPUT_CUT');
    this.isOver = true;
    this.share.close();
    this.deadline.clear();
    this.abandonment.abort();
    this.parts.table.remove(this, this.dialogue.imei, this.idle);
    if (this.dialogue.imei !== undefined) this.parts.commands.closed(this.dialogue.imei, this);
    this.parts.metrics.sessionClosed(this.link.transport);
    this.resolveClosed();
  }

  retire(reason: RetireReason): Promise<void> {
    this.retiring ??= reason;
    this.abandonment.abort();
    this.advance();
    return this.idle;
  }

  abandon(): void {
    this.isOver = true;
    this.link.destroy();
  }

  get transport(): Transport {
    return this.link.transport;
  }

  get peer(): string {
    return this.link.peer;
  }

  get address(): string {
    return this.link.address;
  }

  get isOpen(): boolean {
    return !this.isOver && this.retiring === undefined;
  }

  /** Resolves when nothing is in hand any more. */
  private get idle(): Promise<void> {
    return this.work ?? Promise.resolve();
  }

  get signal(): AbortSignal {
    return this.abandonment.signal;
  }

  interject(task: () => Promise<void>): boolean {
    const isBetweenFrames = this.work === undefined && this.reader.bufferedBytes === 0;
    if (!this.isOpen || this.hasPeerEnded || !isBetweenFrames) return false;
    this.carryOut(task());
    return true;
  }

  claim(imei: string): Promise<void> {
    return this.parts.table.enter(imei, this);
  }

  reply(bytes: Uint8Array): boolean | Promise<boolean> {
    if (this.isOver) return false;
    const written = this.link.write(bytes);
    if (typeof written === 'boolean') {
      this.deadline.rest();
      return written;
    }
    this.deadline.within('write');
    return written.then((isWritten) => {
      if (!this.isOver) this.deadline.rest();
      return isWritten;
    });
  }

  refuse(code: RefusalCode): void {
    if (this.isOver) return;
    this.noteRefusal(code, this.dialogue.imei);
    this.over();
    this.link.destroy();
  }

  rejectLogin(code: RefusalCode, imei?: string): void {
    if (this.isOver) return;
    this.noteRefusal(code, imei);
    this.over();
    void this.link.write(LOGIN_REJECTED);
    this.link.end();
  }

  /** Goes on from one result of the reader to the next until one needs time or bytes. */
  private advance(): void {
    while (this.work === undefined && !this.isOver) {
      if (this.heardAt.tick >= this.endsAtTick && !this.parts.commands.isBusy(this)) this.retiring ??= 'age';
      if (this.retiring !== undefined && this.mayEnd) return this.finish(this.retiring);
      const result = this.reader.next();
      if (result.kind === 'incomplete') return this.awaitBytes();
      this.isMidInput = false;
      this.share.hold(this.reader.bufferedBytes + ('frame' in result ? result.frame.length : 0));
      const work = this.dialogue.handle(result);
      if (work !== undefined) this.carryOut(work);
    }
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.link.pause();
  }

  /** A device that is replaced sends no more here; any other may finish the frame that it has begun. */
  private get mayEnd(): boolean {
    return !this.isMidInput || this.retiring === 'replaced' || this.dialogue.imei === undefined;
  }

  private carryOut(work: Promise<void>): void {
    // The login's limit goes on over the registry's answer; a frame in hand has the limit of its hold.
    if (this.dialogue.imei !== undefined) this.deadline.rest();
    this.work = work.then(this.done, this.failed);
  }

  private readonly done = (): void => {
    this.work = undefined;
    this.advance();
  };

  private readonly failed = (error: unknown): void => {
    this.parts.logger.error({ event: 'edge_session_failed', peer: this.peer, err: error });
    this.refuse('INTERNAL');
    this.done();
  };

  private awaitBytes(): void {
    const { bufferedBytes } = this.reader;
    const isBetweenFrames = bufferedBytes === 0;
    this.share.hold(bufferedBytes);
    const wasMidInput = this.isMidInput;
    this.isMidInput = !isBetweenFrames;
    if (wasMidInput && isBetweenFrames && this.retiring !== undefined) return this.finish(this.retiring);
    if (this.hasPeerEnded) {
      if (isBetweenFrames) this.finish('ended by the device');
      else this.refuse('INPUT_CUT');
      return;
    }
    this.readOn();
    if (this.dialogue.imei === undefined) return;
    if (isBetweenFrames) this.deadline.within('idle');
    else this.deadline.since('frame');
  }

  private readOn(): void {
    const mayRead = this.share.mayRead;
    if (mayRead !== this.isPaused) return;
    this.isPaused = !mayRead;
    if (mayRead) this.link.resume();
    else this.link.pause();
  }

  private finish(reason: string): void {
    this.parts.logger.debug({ event: 'edge_session_ended', reason, peer: this.peer });
    this.over();
    this.link.end();
  }

  private over(): void {
    this.isOver = true;
    this.deadline.clear();
  }

  private noteRefusal(code: RefusalCode, imei: string | undefined): void {
    this.parts.metrics.refused(code);
    // Whom the registry kept waiting did nothing wrong.
    const isOurs = code === 'LOGIN_TIMEOUT' && this.work !== undefined;
    if (this.dialogue.imei === undefined && !isOurs && isBadLogin(code)) {
      this.parts.badLogins.note(this.address, Date.now());
    }
    const device = imei === undefined ? {} : { imei: maskImei(imei) };
    this.parts.logger.info({ event: 'edge_refused', code, peer: this.peer, ...device });
  }
}
