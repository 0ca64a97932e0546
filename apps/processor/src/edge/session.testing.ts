import { Registry } from 'prom-client';
import {
  DEVICE_REGISTRY,
  loadRecordDigest,
  type RecordDigest,
  type TelemetryEntry,
  type UnknownDevicePolicy,
} from '@app/common/contracts';
import { createLogger, Metrics } from '@app/common/observability';
import { type ProjectedValue } from '@app/common/streams';
import { CODEC_8, crc16, encodeAvl, type AvlRecord } from '@app/teltonika-codec';
import { type SessionCommands } from '../commands';
import { Admission } from './admission';
import { BadLogins } from './bad-logins';
import { ByteBudget } from './byte-budget';
import { type ParkReason } from './edge.errors';
import { EdgeMetrics } from './edge.metrics';
import { FrameDesk } from './frame-desk';
import { type FrameLane, type FrameSink, type FrameSource } from './frame-sink';
import { IdentityConflicts } from './identity-conflicts';
import { RefusalLog } from './refusal-log';
import { type SessionParts } from './session';
import { SessionTable } from './session-table';

/** What the specs of the edge share: its parts over a scripted store. Not part of the app. */

export const IMEI = '356307042441013';
export const OTHER_IMEI = '356307042441021';

export const RECORD: AvlRecord = {
  timestampMs: 1_735_689_600_000,
  priority: 0,
  longitude: 133_777_000,
  latitude: 524_900_000,
  altitudeM: 34,
  angleDeg: 271,
  satellites: 11,
  speedKmh: 52,
  eventIoId: 0,
  io: [{ id: 239, size: 1, value: 1 }],
};

/** A valid codec 8 frame; frames with different numbers differ. */
export function frameOf(recordCount: number, number = 0): Buffer {
  const records = Array.from({ length: recordCount }, (_, index) => ({
    ...RECORD,
    timestampMs: 1_735_689_600_000 + number * 1000 + index,
  }));
  return encodeAvl({ codecId: CODEC_8, records });
}

/** A frame of one record with other bytes in these places, and the CRC that belongs to them. */
export function forged({ codecId, n1, n2 }: { codecId?: number; n1?: number; n2?: number }): Buffer {
  const frame = frameOf(1);
  const crcAt = frame.length - 4;
  frame.writeUInt8(codecId ?? frame.readUInt8(8), 8);
  frame.writeUInt8(n1 ?? 1, 9);
  frame.writeUInt8(n2 ?? 1, crcAt - 1);
  frame.writeUInt32BE(crc16(frame, 8, crcAt), crcAt);
  return frame;
}

/** The same frame with a wrong CRC. */
export function corrupted(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 0x01, copy.length - 1);
  return copy;
}

/** A sink that keeps what it is given and fails on demand. */
export class ScriptedSink implements FrameSink {
  readonly appended: { readonly entry: TelemetryEntry }[] = [];
  readonly parked: { readonly entry: TelemetryEntry; readonly reason: ParkReason }[] = [];
  attempts = 0;
  /** Runs before each write; what it throws is the store's failure, what it waits for the store's slowness. */
  before: () => Promise<void> = () => Promise.resolve();

  lane(source: FrameSource): FrameLane {
    return {
      append: (frame, receivedAtMs, waiter) => {
        this.attempts += 1;
        const entry = { ...source, receivedAtMs, frame: Buffer.from(frame) };
        this.before().then(
          () => {
            this.appended.push({ entry });
            waiter.kept();
          },
          (error: unknown) => waiter.notKept(error, entry.frame),
        );
      },
    };
  }

  async park(entry: TelemetryEntry, reason: ParkReason): Promise<void> {
    this.attempts += 1;
    await this.before();
    this.parked.push({ entry, reason });
  }
}

/** A device registry in memory. */
export class ScriptedRegistry {
  isComplete = true;
  readonly devices = new Map<string, string>();
  before: () => Promise<void> = () => Promise.resolve();

  enable(imei: string, enabled = true): void {
    this.devices.set(imei, JSON.stringify({ deviceId: '1', tenantId: 'default', enabled }));
  }

  async readProjection(name: string, field: string): Promise<ProjectedValue> {
    if (name !== DEVICE_REGISTRY) throw new Error(`the edge reads no projection ${name}`);
    await this.before();
    const value = this.devices.get(field);
    return { complete: this.isComplete, ...(value === undefined ? {} : { value }) };
  }
}

/** Sessions that nobody has commands for. */
export const NO_COMMANDS: SessionCommands = {
  opened: () => undefined,
  closed: () => undefined,
  received: () => Promise.resolve(),
  isBusy: () => false,
};

export interface KitOptions {
  readonly commands?: SessionCommands;
  readonly policy?: UnknownDevicePolicy;
  readonly waitsMs?: Partial<SessionParts['waitsMs']>;
  readonly holdMs?: number;
  readonly registryRecheckMs?: number;
  readonly pingsPerMinute?: number;
  readonly badLoginsPerMinute?: number;
  readonly bufferBytes?: number;
  readonly ageMs?: number;
}

export interface Kit {
  readonly sink: ScriptedSink;
  readonly registry: ScriptedRegistry;
  readonly table: SessionTable;
  readonly parts: SessionParts;
  /** The value of a metric for these labels; 0 where it never moved. */
  count(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

let digest: RecordDigest | undefined;

/** The parts of an edge with IMEI registered and short times. */
export async function edgeKit(options: KitOptions = {}): Promise<Kit> {
  digest ??= await loadRecordDigest();
  const prometheus = new Registry();
  const logger = createLogger({ app: 'edge-test', level: 'silent' });
  const sink = new ScriptedSink();
  const registry = new ScriptedRegistry();
  registry.enable(IMEI);
  const metrics = new EdgeMetrics(new Metrics(prometheus));
  const table = new SessionTable(new IdentityConflicts(metrics, logger));
  const registryRecheckMs = options.registryRecheckMs ?? 60_000;
  const parts: SessionParts = {
    commands: options.commands ?? NO_COMMANDS,
    admission: new Admission(registry, options.policy ?? 'quarantine', logger, registryRecheckMs),
    desk: new FrameDesk({ sink, digest, logger }),
    sink,
    table,
    metrics,
    refusals: new RefusalLog(logger, 20),
    badLogins: new BadLogins(options.badLoginsPerMinute ?? 1_000),
    budget: new ByteBudget(options.bufferBytes ?? 1_000_000),
    ageMs: options.ageMs ?? 3_600_000,
    logger,
    registryRecheckMs,
    pingsPerMinute: options.pingsPerMinute ?? 600,
    waitsMs: {
      login: 60_000,
      frame: 60_000,
      idle: 60_000,
      write: 60_000,
      hold: options.holdMs ?? 60_000,
      ...options.waitsMs,
    },
  };
  return {
    sink,
    registry,
    table,
    parts,
    async count(name, labels = {}) {
      const metric = await prometheus.getSingleMetric(`odograph_${name}`)?.get();
      const wanted = Object.entries(labels);
      const found = metric?.values.find((value) =>
        wanted.every(([label, text]) =>
          Object.entries(value.labels).some(([l, t]) => l === label && t === text),
        ),
      );
      return found?.value ?? 0;
    },
  };
}
