import { decodeAck, encodeLogin, LOGIN_ACCEPTED } from '@app/teltonika-codec';
import { Connection, pause, type Address } from './connection';
import { type Act, type Delivery, type Packet } from './itinerary';
import { type FleetCounters } from './fleet-stats';
import { type Ledger, type ParkedFrame } from './ledger';
import { damaged } from './tracker-records';

export interface TrackerOptions {
  readonly address: Address;
  readonly imei: string;
  readonly ledger: Ledger;
  readonly counters: FleetCounters;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  readonly random: () => number;
}

const CONNECT_TIMEOUT_MS = 5000;
/** Devices wait 5 s by default. */
const ANSWER_TIMEOUT_MS = 5000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 2000;
const PING = Buffer.from([0xff]);

type Outcome = 'acked' | 'unanswered';

/**
 * One tracker on the wire: login, then one packet at a time, each sent again until its ack says the right number.
 * Dead connections and refused logins are met with a growing pause.
 */
export class Tracker {
  private readonly device: number;
  private connection: Connection | undefined;
  private failures = 0;

  constructor(private readonly options: TrackerOptions) {
    this.device = options.ledger.addDevice(options.imei);
  }

  /** Sends all deliveries, each when it is due; `startedAt` is performance.now() at the start of the run. */
  async run(deliveries: Iterable<Delivery>, startedAt: number): Promise<void> {
    const { signal } = this.options;
    for (const { dueMs, packet } of deliveries) {
      await pause(startedAt + dueMs - performance.now(), signal);
      if (signal.aborted) break;
      await this.deliver(packet);
    }
    this.connection?.close();
  }

  private async deliver(packet: Packet): Promise<void> {
    const { signal, counters } = this.options;
    const promise = new Promised(packet, this.device, this.options);
    for (let attempt = 1; !signal.aborted; attempt++) {
      const connection = await this.connected();
      if (connection === undefined) continue;
      promise.isBeingSent();
      if (attempt > 1) counters.resentFrames += 1;
      const act = attempt === 1 && packet.kind === 'records' ? packet.act : 'plain';
      const startedAt = performance.now();
      const outcome = await this.perform(act, connection, promise);
      if (outcome === 'acked') {
        counters.ackLatencies.add(performance.now() - startedAt);
        this.failures = 0;
        return;
      }
      connection.close();
      // An act that leaves its packet unanswered is no failure of the other side.
      if (act === 'plain') await this.backOff();
    }
  }

  private async perform(act: Act, connection: Connection, promise: Promised): Promise<Outcome> {
    const { frame } = promise;
    switch (act) {
      case 'drop-after-sending':
        await connection.write(frame);
        return 'unanswered';
      case 'cut-in-half':
        await connection.write(frame.subarray(0, frame.length >> 1));
        return 'unanswered';
      case 'damaged-first':
        await connection.write(damaged(frame));
        await this.expectCount(connection, 0);
        break;
      case 'in-segments':
        for (const [from, to] of [
          [0, 5],
          [5, 40],
          [40, frame.length - 2],
        ] as const) {
          await connection.write(frame.subarray(from, to));
        }
        await connection.write(frame.subarray(frame.length - 2));
        return this.awaitAck(connection, promise);
      case 'send-twice':
        await connection.write(frame);
        await connection.write(frame);
        this.options.counters.resentFrames += 1;
        return this.awaitBothAcks(connection, promise);
      case 'ping-first':
        await connection.write(PING);
        break;
      case 'send-again':
      case 'plain':
        break;
    }
    await connection.write(frame);
    const outcome = await this.awaitAck(connection, promise);
    if (act === 'send-again' && outcome === 'acked') await this.sendAgain(connection, promise);
    return outcome;
  }

  private async awaitAck(connection: Connection, promise: Promised): Promise<Outcome> {
    const count = await this.readCount(connection);
    if (count === undefined) return 'unanswered';
    if (count !== promise.recordCount) {
      this.complain(`${promise.recordCount} records were answered with ${count}`);
      return 'unanswered';
    }
    promise.isAcked();
    return 'acked';
  }

  private async awaitBothAcks(connection: Connection, promise: Promised): Promise<Outcome> {
    const first = await this.awaitAck(connection, promise);
    if (first === 'acked') await this.expectCount(connection, promise.recordCount);
    return first;
  }

  /** Though it was acked: as after an ack that the tracker did not get. */
  private async sendAgain(connection: Connection, promise: Promised): Promise<void> {
    this.options.counters.resentFrames += 1;
    await connection.write(promise.frame);
    await this.expectCount(connection, promise.recordCount);
  }

  private async expectCount(connection: Connection, wanted: number): Promise<void> {
    const count = await this.readCount(connection);
    // Without an answer nothing may follow on this connection: the late one would be taken for the next frame's.
    if (count === undefined) connection.close();
    else if (count !== wanted) this.complain(`an answer of ${wanted} was due, not ${count}`);
  }

  private async readCount(connection: Connection): Promise<number | undefined> {
    const answer = await connection.read(4, ANSWER_TIMEOUT_MS);
    return answer === undefined ? undefined : decodeAck(answer);
  }

  /** A connection that has logged in, the open one or a new one; undefined after a pause when there is none to be had. */
  private async connected(): Promise<Connection | undefined> {
    const { address, imei, signal, counters } = this.options;
    if (this.connection?.isUsable === true) return this.connection;
    const connection = await Connection.open(address, CONNECT_TIMEOUT_MS, signal);
    if (connection !== undefined) {
      await connection.write(encodeLogin(imei));
      const answer = await connection.read(1, ANSWER_TIMEOUT_MS);
      if (answer?.equals(LOGIN_ACCEPTED) === true) {
        counters.sessions += 1;
        this.connection = connection;
        return connection;
      }
      if (answer !== undefined) counters.refusedLogins += 1;
      connection.close();
    }
    await this.backOff();
    return undefined;
  }

  private async backOff(): Promise<void> {
    const longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    await pause(longest * (0.5 + this.options.random() / 2), this.options.signal);
  }

  private complain(what: string): void {
    this.options.ledger.wrongAnswers.push(`${this.options.imei}: ${what}`);
  }
}

/** A packet's place in the ledger; it is entered when its first byte is about to leave. */
class Promised {
  readonly frame: Buffer;
  readonly recordCount: number;
  private frameNumber: number | undefined;
  private parked: ParkedFrame | undefined;

  constructor(
    private readonly packet: Packet,
    private readonly device: number,
    private readonly options: Pick<TrackerOptions, 'ledger' | 'counters' | 'imei'>,
  ) {
    this.frame = packet.frame;
    this.recordCount = packet.kind === 'records' ? packet.records.length : packet.recordCount;
  }

  isBeingSent(): void {
    const { ledger, counters, imei } = this.options;
    if (this.packet.kind === 'undecodable') {
      const { frame, recordCount } = this.packet;
      if (this.parked === undefined) {
        this.parked = { imei, frame, recordCount, sends: 0, isAcked: false };
        ledger.parked.push(this.parked);
      }
      this.parked.sends += 1;
    } else if (this.frameNumber === undefined) {
      this.frameNumber = ledger.addFrame(this.device, this.packet.records, Date.now());
      counters.sentFrames += 1;
      counters.sentRecords += this.recordCount;
    }
  }

  isAcked(): void {
    if (this.parked !== undefined) this.parked.isAcked = true;
    if (this.frameNumber === undefined) return;
    this.options.ledger.acked(this.frameNumber, Date.now());
    this.options.counters.ackedRecords += this.recordCount;
  }
}
