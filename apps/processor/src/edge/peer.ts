import { type Socket } from 'node:net';

/** Where a device's bytes come from: the address that counts for caps, and the port for operators. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** The other end of a socket. A proxy in front of us may know better: see Arrivals. */
export function peerOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): Peer {
  return { address: plainAddress(remoteAddress ?? 'unknown'), port: remotePort ?? 0 };
}

/** An IPv4 address is the same one where a dual-stack socket writes it as IPv6. */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice('::ffff:'.length) : address;
}

export function peerText({ address, port }: Peer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
