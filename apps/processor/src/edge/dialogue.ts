import { type Logger } from '@app/common/observability';
import { LOGIN_ACCEPTED, type ReadResult } from '@app/teltonika-codec';
import { type SessionCommands } from '../commands';
import { type Admission, type Verdict } from './admission';
import { type BadLogins } from './bad-logins';
import { type RefusalCode } from './edge.errors';
import { type EdgeMetrics } from './edge.metrics';
import { ackOf, DirectWay } from './direct-way';
import { type FrameDesk, type FrameLike, type Kind } from './frame-desk';
import { type FrameLane, type FrameSink } from './frame-sink';
import { type Line } from './line';
import { PingBudget } from './ping-budget';

export interface DialogueParts {
  readonly commands: SessionCommands;
  readonly admission: Admission;
  readonly badLogins: BadLogins;
  readonly desk: FrameDesk;
  readonly sink: Pick<FrameSink, 'lane'>;
  readonly metrics: EdgeMetrics;
  readonly logger: Logger;
  readonly registryRecheckMs: number;
  readonly pingsPerMinute: number;
}

interface Way {
  readonly lane: FrameLane;
  readonly direct: DirectWay;
}

interface Device {
  readonly imei: string;
  readonly verdict: 'accepted' | 'quarantined';
  readonly judgedAtMs: number;
}

type Input = Exclude<ReadResult, { readonly kind: 'incomplete' }>;

const CODE_BY_VERDICT = { unknown: 'DEVICE_UNKNOWN', disabled: 'DEVICE_DISABLED' } as const;

/** What is answered to a device: the protocol without its bytes' cutting and without time. */
export class Dialogue {
  private device: Device | undefined;
  private way: Way | undefined;
  private readonly pings: PingBudget;

  constructor(
    private readonly line: Line,
    private readonly parts: DialogueParts,
  ) {
    this.pings = new PingBudget(parts.pingsPerMinute);
  }

  /** Undefined before an accepted login. */
  get imei(): string | undefined {
    return this.device?.imei;
  }

  /**
   * Undefined where the input is dealt with already; else nothing else may be handled before the promise resolves, or,
   * for 'in hand', before the line is told that it is over.
   */
  handle(input: Input): Promise<void> | 'in hand' | undefined {
    switch (input.kind) {
      case 'ping':
        if (!this.pings.spend(this.line.heardAt.ms)) this.line.refuse('PING_FLOOD');
        return undefined;
      case 'fatal':
        if (input.code !== 'LOGIN_INVALID') this.line.refuse(input.code);
        else this.rejectLogin('invalid', input.code);
        return undefined;
      case 'login':
        return this.device === undefined ? this.logIn(input.imei) : this.logInAgain(input.imei, this.device);
      case 'frame':
        return this.takeIntact(input);
      case 'rejected':
      case 'command':
        return this.takeSlowly(input);
    }
  }

  private takeIntact(frame: Kind<'frame'>): Promise<void> | 'in hand' {
    const { device, parts } = this;
    const isKnown = device?.verdict === 'accepted' && this.isJudgedLately;
    if (!isKnown || !parts.desk.isPlain(frame, device.imei)) {
      return this.takeSlowly(frame);
    }
    (this.way ?? this.openWay(device.imei)).direct.take(frame);
    return 'in hand';
  }

  /** A frame may be a view of memory that the next read overwrites: what is to outlive this call is copied. */
  private takeSlowly(frame: FrameLike): Promise<void> {
    const { ms, tick } = this.line.heardAt;
    return this.takeFrame({ ...frame, frame: Buffer.from(frame.frame) }, ms, tick);
  }

  private async logIn(imei: string): Promise<void> {
    const { line, parts } = this;
    const verdict = await parts.admission.judge(imei);
    if (!line.isOpen) return;
    if (verdict === 'not-ready') {
      parts.metrics.login('not_ready');
      line.refuse('REGISTRY_NOT_READY');
    } else if (verdict === 'unknown' || verdict === 'disabled') {
      this.rejectLogin('rejected', CODE_BY_VERDICT[verdict], imei);
    } else if (verdict === 'quarantined' && this.isLimited()) {
      this.refuseLimited();
    } else {
      if (verdict === 'quarantined') parts.badLogins.note(line.address, Date.now());
      parts.metrics.login(verdict);
      parts.logger.debug({ event: 'edge_login', imei, verdict, peer: line.peer });
      this.device = { imei, verdict, judgedAtMs: Date.now() };
      const claimed = line.claim(imei);
      await line.reply(LOGIN_ACCEPTED);
      await claimed;
      if (verdict === 'accepted') parts.commands.opened(imei, line);
    }
  }

  private async logInAgain(imei: string, device: Device): Promise<void> {
    if (imei === device.imei) await this.line.reply(LOGIN_ACCEPTED);
    else this.line.refuse('IMEI_CHANGED');
  }

  private rejectLogin(result: 'rejected' | 'invalid', code: RefusalCode, imei?: string): void {
    if (this.isLimited()) {
      this.refuseLimited();
      return;
    }
    this.parts.metrics.login(result);
    this.line.rejectLogin(code, imei);
  }

  private isLimited(): boolean {
    return this.parts.badLogins.isSpent(this.line.address, Date.now());
  }

  private refuseLimited(): void {
    this.parts.metrics.login('limited');
    this.line.refuse('LOGIN_RATE');
  }

  /** The way that asks, waits and repeats. The times are those of the frame: more may have come since. */
  private async takeFrame(frame: FrameLike, receivedAtMs: number, receivedAtTick: number): Promise<void> {
    const { line, parts } = this;
    line.hold();
    const device = this.isJudgedLately ? this.device : await this.judgeAgain();
    if (device === undefined) return;
    if (frame.kind === 'command' && device.verdict === 'accepted') {
      await parts.commands.received(device.imei, line, frame.frame);
    }
    const { result, ackCount } = await parts.desk.take(frame, {
      imei: device.imei,
      transport: line.transport,
      peer: line.peer,
      receivedAtMs,
      lane: (this.way ?? this.openWay(device.imei)).lane,
      isQuarantined: device.verdict === 'quarantined',
      signal: line.signal,
    });
    if (ackCount === undefined) {
      parts.metrics.frame(result);
      if (result === 'refused') line.refuse('STORE_DOWN');
      return;
    }
    const isAnswered = await line.reply(ackOf(ackCount));
    parts.metrics.frame(isAnswered ? result : 'unanswered');
    if (isAnswered && result === 'acked') parts.metrics.acked(ackCount, performance.now() - receivedAtTick);
  }

  /** Made with the first frame: a device that only logs in costs less. */
  private openWay(imei: string): Way {
    const { line, parts } = this;
    const lane = parts.sink.lane({ imei, transport: line.transport, peer: line.peer });
    const direct = new DirectWay(line, lane, parts, (...turnedBack) => this.takeFrame(...turnedBack));
    this.way = { lane, direct };
    return this.way;
  }

  private get isJudgedLately(): boolean {
    return this.device !== undefined && Date.now() - this.device.judgedAtMs < this.parts.registryRecheckMs;
  }

  /** The device by what the registry says now, so that `odo device` works on open sessions too; undefined ends it. */
  private async judgeAgain(): Promise<Device | undefined> {
    const { device, parts } = this;
    if (device === undefined) return undefined;
    const verdict: Verdict = await parts.admission.judge(device.imei);
    if (verdict === 'unknown' || verdict === 'disabled') {
      this.line.refuse(CODE_BY_VERDICT[verdict]);
      return undefined;
    }
    // What cannot be read now changes nothing: its frames would not be taken either if the store were down.
    if (verdict !== 'not-ready') this.device = { imei: device.imei, verdict, judgedAtMs: Date.now() };
    return this.device;
  }
}
