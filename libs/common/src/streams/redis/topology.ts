import { type Redis } from 'ioredis';
import { hasCode, OdographError } from '../../errors';
import { RedisConnection } from './connection';
import { type NodeAddress, urlAt } from './endpoint';
import { redirectionOf } from './redirection';
import { asInteger, asText, list } from './reply';
import { SLOT_COUNT, slotOf } from './slots';

/** A slot that is being moved redirects twice at most; more is a cluster that does not agree with itself. */
const MOST_REDIRECTIONS = 5;
/** A node that does not answer so fast is passed over for the next one. */
const ASK_TIMEOUT_MS = 1000;
/** Between two looks that failures ask for: in an outage every call asks for one. */
const LOOK_PAUSE_MS = 200;

/**
 * Which node of a Redis Cluster serves which slot. What a node refuses with MOVED or ASK is asked again of the one that
 * it names; what stayed unanswered is never asked again, since nobody knows whether it was done. (The client library's
 * own cluster resends what a broken connection left unanswered.)
 */
export class ClusterTopology {
  private readonly addresses = new Array<NodeAddress | undefined>(SLOT_COUNT).fill(undefined);
  private looking: Promise<void> | undefined;
  private nextLook: NodeJS.Timeout | undefined;
  private closed = false;
  private readonly asking = new Set<RedisConnection>();

  constructor(
    private readonly seeds: readonly string[],
    private readonly onMasters: (masters: ReadonlySet<NodeAddress>) => void,
  ) {}

  /** Nodes that serve a slot. */
  get masters(): ReadonlySet<NodeAddress> {
    return new Set(this.addresses.filter((address) => address !== undefined));
  }

  urlOf(address: NodeAddress): string {
    return urlAt(this.seeds[0] ?? '', address);
  }

  /** @throws OdographError REDIS_UNREACHABLE after `timeoutMs`. */
  async connect(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        await this.look();
        return;
      } catch (error) {
        if (this.closed || performance.now() + LOOK_PAUSE_MS > deadline) throw error;
      }
      await new Promise<void>((resolve) => setTimeout(resolve, LOOK_PAUSE_MS));
    }
  }

  /**
   * Attempts something at the node of the key's slot, and again where the node names another one. With `asking` the
   * first command must have ASKING before it.
   */
  async follow<Value>(
    key: string,
    attempt: (address: NodeAddress, asking: boolean) => Promise<Value>,
  ): Promise<Value> {
    const slot = slotOf(key);
    let address = await this.addressOf(slot);
    let asking = false;
    for (let redirections = 0; ; redirections += 1) {
      try {
        return await attempt(address, asking);
      } catch (error) {
        const redirection = redirectionOf(error, address);
        if (redirection === undefined || redirections === MOST_REDIRECTIONS) {
          if (hasCode(error, 'REDIS_UNREACHABLE')) this.lookSoon();
          throw error;
        }
        ({ address } = redirection);
        asking = redirection.kind === 'ask';
        if (!asking) {
          this.addresses[redirection.slot] = address;
          this.lookSoon();
        }
      }
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.nextLook);
    await Promise.all([...this.asking].map((connection) => connection.close()));
    await this.looking?.catch(() => undefined);
  }

  private async addressOf(slot: number): Promise<NodeAddress> {
    const known = this.addresses[slot];
    if (known !== undefined) return known;
    await this.look();
    const found = this.addresses[slot];
    if (found !== undefined) return found;
    throw new OdographError('REDIS_UNREACHABLE', { detail: `no node of the cluster serves slot ${slot}` });
  }

  private lookSoon(): void {
    if (this.closed || this.nextLook !== undefined) return;
    this.nextLook = setTimeout(() => {
      this.nextLook = undefined;
      // In vain: the next call that fails looks again.
      this.look().catch(() => undefined);
    }, LOOK_PAUSE_MS);
  }

  /** Asks one node after the other, all callers at once. */
  private look(): Promise<void> {
    this.looking ??= this.askAny().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async askAny(): Promise<void> {
    const urls = [...[...this.masters].map((address) => this.urlOf(address)), ...this.seeds];
    let failure: unknown = new OdographError('REDIS_UNREACHABLE', { detail: 'there is no node to ask' });
    for (const url of new Set(urls)) {
      if (this.closed) break;
      try {
        await this.ask(url);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private async ask(url: string): Promise<void> {
    const connection = new RedisConnection({ url, name: 'topology', replyTimeoutMs: ASK_TIMEOUT_MS });
    this.asking.add(connection);
    try {
      await connection.connect(ASK_TIMEOUT_MS, 'first');
      this.take(await connection.run((redis: Redis) => redis.callBuffer('CLUSTER', 'SLOTS')), new URL(url));
    } finally {
      await connection.close();
      this.asking.delete(connection);
    }
  }

  /** `[first slot, last slot, [host, port, …] of the master, …of its replicas]` of each range. */
  private take(reply: unknown, { hostname }: URL): void {
    const found = new Array<NodeAddress | undefined>(SLOT_COUNT).fill(undefined);
    for (const range of list(reply)) {
      const [first, last, master] = list(range);
      const [host, port] = list(master);
      // A node that does not know its own address yet names none: it is the one that was asked.
      const name = host === null || asText(host) === '' ? hostname : asText(host);
      found.fill(`${name}:${asInteger(port)}`, asInteger(first), asInteger(last) + 1);
    }
    found.forEach((address, slot) => (this.addresses[slot] = address));
    this.onMasters(this.masters);
  }
}
