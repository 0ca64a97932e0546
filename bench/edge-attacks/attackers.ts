import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { encodeLogin } from '@app/teltonika-codec';
import { imeiOf } from '../shared/device';

/** What is done to the edge, from a process of its own. */
export const ATTACKS = ['slow-drip', 'flood', 'half-open', 'garbage'] as const;
export type Attack = (typeof ATTACKS)[number];

export const isAttack = (name: string | undefined): name is Attack =>
  ATTACKS.some((attack) => attack === name);

/** Connections that are held at once. */
const HELD = 500;
/** Connections under way at once, each followed by the next. */
const CHURNING = 32;
/** Pause of each before the next: some thousand connections a second in all, which two cores can also send. */
const CHURN_PAUSE_MS = 15;
const DRIP_MS = 200;
const ATTACKER_PRIORITY = 10;
const SETTLE_MS = 1_500;

const open = new Set<Socket>();

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  open.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => open.delete(socket));
  socket.resume();
  return socket;
}

/** A registered device that sends the frame's length and then a byte now and then; begins anew when it is closed. */
function drip(port: number, number: number): void {
  const socket = dial(port);
  socket.write(encodeLogin(imeiOf(number)));
  socket.write(Buffer.from('0000000000001f0008ff', 'hex'));
  const timer = setInterval(() => socket.write('\0'), DRIP_MS);
  socket.on('close', () => {
    clearInterval(timer);
    drip(port, number);
  });
}

function silence(port: number): void {
  dial(port).on('close', () => silence(port));
}

/** Connects, sends, is closed, again. */
function churn(port: number, bytes: () => Buffer): void {
  const socket = dial(port);
  socket.write(bytes());
  socket.end();
  socket.on('close', () => setTimeout(() => churn(port, bytes), CHURN_PAUSE_MS));
}

const START: Readonly<Record<Attack, (port: number) => void>> = {
  // Behind the numbers of the well-behaved devices.
  'slow-drip': (port) => repeat(HELD, (index) => drip(port, 1_000 + index)),
  'half-open': (port) => repeat(HELD, () => silence(port)),
  flood: (port) =>
    repeat(CHURNING, (index) => churn(port, () => encodeLogin(`3596331${String(index).padStart(8, '0')}`))),
  garbage: (port) => repeat(CHURNING, () => churn(port, () => randomBytes(512))),
};

function repeat(times: number, run: (index: number) => void): void {
  for (let index = 0; index < times; index += 1) run(index);
}

/** The body of the attackers' process; ends with its parent. */
export function attack(kind: Attack, port: number): void {
  process.on('disconnect', () => process.exit(0));
  // Attackers have machines of their own; here they must not take the edge's core.
  setPriority(ATTACKER_PRIORITY);
  START[kind](port);
  // The attack, not the burst that begins it.
  setTimeout(() => process.send?.('attacking'), SETTLE_MS);
}
