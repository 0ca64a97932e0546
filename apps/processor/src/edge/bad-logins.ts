import { isIPv6 } from 'node:net';
import { BoundedMap } from './bounded-map';

const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

interface Window {
  count: number;
  readonly endsAtMs: number;
}

/**
 * Counts failed and unknown logins by address and minute. Good logins are neither counted nor refused by it: a whole
 * fleet may sit behind the one address of its carrier, next to a device that is not set up right.
 */
export class BadLogins {
  private readonly windows = new BoundedMap<string, Window>(MAX_ADDRESSES);

  constructor(private readonly perMinute: number) {}

  note(address: string, nowMs: number): void {
    const key = networkOf(address);
    const window = this.windows.get(key);
    if (window !== undefined && nowMs < window.endsAtMs) window.count += 1;
    else this.windows.set(key, { count: 1, endsAtMs: nowMs + WINDOW_MS });
  }

  /** The address has had its share of this minute; another bad login gets no answer and costs no store. */
  isSpent(address: string, nowMs: number): boolean {
    const window = this.windows.get(networkOf(address));
    return window !== undefined && nowMs < window.endsAtMs && window.count >= this.perMinute;
  }
}

/** One IPv6 subscriber has a /64 of addresses, which would be as many windows. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const before = head.split(':').filter(Boolean);
  const behind = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - behind.length);
  return [...before, ...Array<string>(zeros).fill('0'), ...behind].slice(0, 4).join(':');
}
