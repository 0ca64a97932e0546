import { type Transport } from '@app/common/contracts';
import { maskImei } from '@app/common/observability';
import { LOGIN_REJECTED } from '@app/teltonika-codec';
import { type ByteBudget, type ByteShare } from './byte-budget';
import { Deadline, type Wait } from './deadline';
import { type DeviceLink, type LinkEvents } from './device-link';
import { Dialogue, type DialogueParts } from './dialogue';
import { isBadLogin, type RefusalCode } from './edge.errors';
import { Intake } from './intake';
import { type Line } from './line';
import { type RefusalLog } from './refusal-log';
import { type RetireReason, type SessionTable, type TableSession } from './session-table';

export interface SessionParts extends DialogueParts {
  readonly table: SessionTable;
  readonly budget: ByteBudget;
  readonly refusals: RefusalLog;
  /** How old a session becomes; up to a quarter more, by chance. */
  readonly ageMs: number;
  readonly waitsMs: Readonly<Record<Wait, number>>;
}

const CODE_BY_WAIT: Readonly<Record<Wait, RefusalCode>> = {
  login: 'LOGIN_TIMEOUT',
  frame: 'FRAME_TIMEOUT',
  idle: 'IDLE_TIMEOUT',
  write: 'WRITE_TIMEOUT',
  hold: 'STORE_DOWN',
};

/** A device waits for the store a fifth more or less than the next one: an outage must not disconnect all at once. */
const [HOLD_SHARE_FROM, HOLD_SHARE_SPREAD] = [0.8, 0.4];

/**
 * One device connection over any kind of link: hands one thing after the other from its intake to the dialogue, keeps
 * the times, and ends.
 */
export class Session implements LinkEvents, TableSession, Line {
  readonly closed: Promise<void>;
  readonly heardAt = { ms: 0, tick: 0 };
  private resolveClosed = (): void => undefined;
  private readonly intake: Intake;
  private readonly dialogue: Dialogue;
  private readonly deadline: Deadline;
  private readonly share: ByteShare;
  private readonly endsAtTick: number;
  /** Made when somebody asks: most sessions have nothing to give up, those of a flood least of all. */
  private abandonment: AbortController | undefined;
  private isAbandoned = false;
  private isBusy = false;
  private whenIdle: (() => void)[] | undefined;
  private retiring: RetireReason | undefined;
  private isOver = false;
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
    this.intake = new Intake(link, this.share);
    parts.table.add(this);
    parts.metrics.sessionOpened(link.transport);
  }

  onBytes(chunk: Uint8Array): void {
    this.parts.metrics.received(chunk.length);
    if (this.isOver) return;
    this.heardAt.ms = Date.now();
    this.heardAt.tick = performance.now();
    this.intake.push(chunk);
    if (this.isBusy) this.intake.pause();
    else this.advance();
    this.intake.own();
  }

  onEnd(): void {
    this.hasPeerEnded = true;
    this.advance();
  }

  onClose(): void {
    if (!this.isBusy && this.intake.bufferedBytes > 0) this.refuse('INPUT_CUT');
    this.isOver = true;
    this.share.close();
    this.deadline.clear();
    this.giveUp();
    this.parts.table.remove(this, this.dialogue.imei, this.idle());
    if (this.dialogue.imei !== undefined) this.parts.commands.closed(this.dialogue.imei, this);
    this.parts.metrics.sessionClosed(this.link.transport);
    this.resolveClosed();
  }

  retire(reason: RetireReason): Promise<void> {
    this.retiring ??= reason;
    this.giveUp();
    this.advance();
    return this.idle();
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

  get signal(): AbortSignal {
    this.abandonment ??= new AbortController();
    if (this.isAbandoned) this.abandonment.abort();
    return this.abandonment.signal;
  }

  private giveUp(): void {
    this.isAbandoned = true;
    this.abandonment?.abort();
  }

  interject(task: () => Promise<void>): boolean {
    const isBetweenFrames = !this.isBusy && this.intake.bufferedBytes === 0;
    if (!this.isOpen || this.hasPeerEnded || !isBetweenFrames) return false;
    this.deadline.rest();
    this.carryOut(task());
    return true;
  }

  claim(imei: string): Promise<void> {
    return this.parts.table.enter(imei, this);
  }

  hold(): void {
    if (this.isOver) return;
    this.deadline.within('hold', HOLD_SHARE_FROM + Math.random() * HOLD_SHARE_SPREAD, this.heardAt.tick);
  }

  carryOut(work: Promise<void>): void {
    this.isBusy = true;
    work.then(this.done, this.failed);
  }

  /** What was in hand is over. */
  readonly done = (): void => {
    this.isBusy = false;
    if (this.whenIdle !== undefined) {
      for (const resolve of this.whenIdle) resolve();
      this.whenIdle = undefined;
    }
    this.advance();
  };

  reply(bytes: Uint8Array): boolean | Promise<boolean> {
    if (this.isOver) return false;
    const written = this.link.write(bytes);
    if (typeof written === 'boolean') {
      this.deadline.rest();
      return written;
    }
    return this.afterWrite(written);
  }

  private async afterWrite(written: Promise<boolean>): Promise<boolean> {
    this.deadline.within('write');
    const isWritten = await written;
    if (!this.isOver) this.deadline.rest();
    return isWritten;
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

  /** Goes on from one result of the intake to the next until one needs time or bytes. */
  private advance(): void {
    while (!this.isBusy && !this.isOver) {
      if (this.heardAt.tick >= this.endsAtTick && !this.parts.commands.isBusy(this)) this.retiring ??= 'age';
      if (this.retiring !== undefined && this.mayEnd) return this.finish(this.retiring);
      const result = this.intake.next();
      if (result.kind === 'incomplete') return this.awaitBytes();
      this.isMidInput = false;
      const work = this.dialogue.handle(result);
      if (work === 'in hand') this.isBusy = true;
      else if (work !== undefined) this.carryOut(work);
    }
  }

  /** Resolves when nothing is in hand any more. */
  private idle(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => (this.whenIdle ??= []).push(resolve));
  }

  /** A device that is replaced sends no more here; any other may finish the frame that it has begun. */
  private get mayEnd(): boolean {
    return !this.isMidInput || this.retiring === 'replaced' || this.dialogue.imei === undefined;
  }

  private readonly failed = (error: unknown): void => {
    this.parts.logger.error({ event: 'edge_session_failed', peer: this.peer, err: error });
    this.refuse('INTERNAL');
    this.done();
  };

  private awaitBytes(): void {
    const isBetweenFrames = this.intake.bufferedBytes === 0;
    const wasMidInput = this.isMidInput;
    this.isMidInput = !isBetweenFrames;
    if (wasMidInput && isBetweenFrames && this.retiring !== undefined) return this.finish(this.retiring);
    if (this.hasPeerEnded) {
      if (isBetweenFrames) this.finish('ended by the device');
      else this.refuse('INPUT_CUT');
      return;
    }
    this.intake.readOn();
    if (this.dialogue.imei === undefined) return;
    if (isBetweenFrames) this.deadline.within('idle');
    else this.deadline.since('frame');
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
    const isOurs = code === 'LOGIN_TIMEOUT' && this.isBusy;
    if (this.dialogue.imei === undefined && !isOurs && isBadLogin(code)) {
      this.parts.badLogins.note(this.address, Date.now());
    }
    const device = imei === undefined ? {} : { imei: maskImei(imei) };
    this.parts.refusals.note(code, { peer: this.peer, ...device });
  }
}
