import { median, round } from '../shared/figures';
import { machine } from '../shared/machine';
import { type Percentiles } from '../pipeline/percentiles';
import { type DrainFigures } from './backlog';
import { type CounterFigures } from './counters';
import { type LimitFigures } from './limit';
import { PAYLOAD_BYTES } from './messages';
import { type PeerKind } from './peers';
import { type ForeignWriterFigures, type PinnedFigures } from './obstacles';

const TARGET = 1;
const TARGETS = {
  walBytesAMessage: 60,
  deadTuplesAMessage: 0.01,
  idleP99Ms: 20,
  halfLoadP99Ms: 100,
  lossUnderPinnedSnapshot: 0.1,
};

/** One round: all of them in turn. */
export interface Judged {
  readonly limited: LimitFigures;
  readonly drained: DrainFigures;
  readonly peersPerS: Readonly<Record<PeerKind, number>>;
}

export interface RestFigures {
  readonly counters: CounterFigures;
  readonly idleMs: Percentiles;
  readonly halfLoadMs: Percentiles;
  readonly pinned: PinnedFigures;
  readonly writer: ForeignWriterFigures;
}

/** Writes the one line of the result. */
export function report(
  judged: readonly Judged[],
  rest: RestFigures | undefined,
  conditions: Readonly<Record<string, unknown>>,
): void {
  const of = (figure: (round: Judged) => number): number => median(judged.map(figure));
  const cpuUs = (part: keyof DrainFigures['cpuUs']): number =>
    round(
      of(({ drained }) => drained.cpuUs[part]),
      1,
    );
  const timesPeer = (kind: PeerKind): number =>
    round(
      of(({ drained, peersPerS }) => drained.perS / peersPerS[kind]),
      1,
    );
  process.stdout.write(
    `${JSON.stringify({
      name: 'relay',
      ratio: round(
        of(({ drained, limited }) => drained.perS / limited.perS),
        3,
      ),
      target: TARGET,
      value: Math.round(of(({ drained }) => drained.perS)),
      limit: Math.round(of(({ limited }) => limited.perS)),
      unit: 'messages/s',
      cpuUsAMessage: { relays: cpuUs('relays'), postgres: cpuUs('postgres'), redis: cpuUs('redis') },
      limitCpuUsAMessage: {
        client: round(
          of(({ limited }) => limited.cpuUs.client),
          1,
        ),
        redis: round(
          of(({ limited }) => limited.cpuUs.redis),
          1,
        ),
      },
      peers: {
        leaseAndDeletePerS: Math.round(of(({ peersPerS }) => peersPerS.leaseAndDelete)),
        relayTimesLeaseAndDelete: timesPeer('leaseAndDelete'),
        pgBossPerS: Math.round(of(({ peersPerS }) => peersPerS.pgBoss)),
        relayTimesPgBoss: timesPeer('pgBoss'),
      },
      ...(rest === undefined ? {} : { ...rest, targets: TARGETS }),
      conditions: {
        ...machine(),
        limitIs:
          'pipelined XADD of the same fields through ioredis in one process, 500 a pipeline, two under way',
        relayIs:
          'the built relay, from a full backlog in the outbox to the stream, one topic, default settings',
        leaseAndDeleteIs:
          'SELECT FOR UPDATE SKIP LOCKED of 100, pipelined XADD, DELETE, in two processes with one connection each',
        pgBossIs:
          'fetch of 100 jobs, pipelined XADD, complete, in two processes; 10,000 jobs of the same messages',
        payloadBytes: PAYLOAD_BYTES,
        ...conditions,
      },
    })}\n`,
  );
}
