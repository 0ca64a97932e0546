import { COMMAND_GROUP, connectionKey, deviceCommandsStream } from '../../contracts';
import { STREAM_START } from '../entries';
import type * as port from '../port';
import { type MemoryServer } from './memory-server';

/** The registry of connections as single steps on a {@link MemoryServer}. */

export function claimConnection(
  server: MemoryServer,
  { imei, instance, ttlMs }: port.ClaimConnectionRequest,
): port.ClaimedConnection {
  const replaced = findConnection(server, imei);
  const epoch = nextEpoch(server, imei);
  write(server, imei, { instance, epoch }, ttlMs);
  return { epoch, hasCommands: hasCommands(server, imei), ...(replaced === undefined ? {} : { replaced }) };
}

export function keepConnection(
  server: MemoryServer,
  { instance, ttlMs }: Pick<port.KeepConnectionsRequest, 'instance' | 'ttlMs'>,
  { imei, epoch }: port.HeldConnection,
): port.KeptConnection {
  const stored = findConnection(server, imei);
  const isTakenUp = epoch === undefined && stored?.instance === instance;
  if (stored !== undefined && stored.epoch !== epoch && !isTakenUp) return { kind: 'lost', by: stored };
  const kept = stored?.epoch ?? epoch ?? nextEpoch(server, imei);
  write(server, imei, { instance, epoch: kept }, ttlMs);
  return { kind: 'kept', epoch: kept, hasCommands: hasCommands(server, imei) };
}

export function releaseConnection(server: MemoryServer, imei: string, epoch: bigint): void {
  // The epoch stays behind, since this clock is not fine enough to rise from one claim to the next.
  if (findConnection(server, imei)?.epoch === epoch) server.hash(connectionKey(imei))?.set('expires', '0');
}

export function findConnection(server: MemoryServer, imei: string): port.Connection | undefined {
  const hash = server.hash(connectionKey(imei));
  const instance = hash?.get('instance');
  const epoch = hash?.get('epoch');
  const isExpired = Number(hash?.get('expires') ?? '0') <= server.now();
  return instance === undefined || epoch === undefined || isExpired
    ? undefined
    : { instance, epoch: BigInt(epoch) };
}

function write(
  server: MemoryServer,
  imei: string,
  { instance, epoch }: port.Connection,
  ttlMs: number,
): void {
  server
    .makeHash(connectionKey(imei))
    .set('instance', instance)
    .set('epoch', epoch.toString())
    .set('expires', String(server.now() + ttlMs));
}

function nextEpoch(server: MemoryServer, imei: string): bigint {
  const before = BigInt(server.hash(connectionKey(imei))?.get('epoch') ?? '0');
  const now = BigInt(Math.floor(server.now())) * 1000n;
  return before >= now ? before + 1n : now;
}

function hasCommands(server: MemoryServer, imei: string): boolean {
  const stream = server.stream(deviceCommandsStream(imei));
  const group = stream?.groups.get(COMMAND_GROUP);
  if (stream === undefined) return false;
  return (group?.pending.size ?? 0) > 0 || stream.after(group?.lastDeliveredId ?? STREAM_START, 1).length > 0;
}
