import { WebSocket, type RawData } from 'ws';
import { z } from 'zod';
import { pause } from '../../apps/ops/src/fleet';

/** A push as a person's client got it. */
export interface ReceivedPush {
  readonly eventId: string;
  readonly userId: string;
  readonly kind: string;
  readonly imei: string | undefined;
}

const messageSchema = z.looseObject({ type: z.string(), cursor: z.string().optional() });
const eventSchema = z.object({
  event_id: z.string(),
  kind: z.string(),
  payload: z.looseObject({ imei: z.string().optional() }),
});

const SUBPROTOCOL = 'odograph.v1';
const RECONNECT_MS = 500;

/** One person's client of the push gateway: stays connected, and goes on where it was after a break. */
export class PushClient {
  readonly pushes: ReceivedPush[] = [];
  private readonly ended = new AbortController();
  private cursor: string | undefined;
  private socket: WebSocket | undefined;

  constructor(
    private readonly url: string,
    private readonly userId: string,
    private readonly token: string,
  ) {}

  /** Resolves with the gateway's welcome: what is published from now on comes here. */
  start(): Promise<void> {
    return new Promise((resolve) => this.connect(resolve));
  }

  stop(): void {
    this.ended.abort();
    this.socket?.terminate();
  }

  private connect(onWelcome: () => void): void {
    const since = this.cursor === undefined ? '' : `?since=${this.cursor}`;
    const socket = new WebSocket(`${this.url}${since}`, [SUBPROTOCOL], {
      headers: { authorization: `Bearer ${this.token}` },
    });
    this.socket = socket;
    // Text comes as one buffer, as long as nobody asks for another type.
    socket.on('message', (data: RawData) => {
      if (Buffer.isBuffer(data)) this.take(data.toString('utf8'), onWelcome);
    });
    // Every error is followed by a close.
    socket.on('error', () => undefined);
    socket.on('close', () => void this.connectAgain(onWelcome));
  }

  private async connectAgain(onWelcome: () => void): Promise<void> {
    if (this.ended.signal.aborted) return;
    await pause(RECONNECT_MS, this.ended.signal);
    if (!this.ended.signal.aborted) this.connect(onWelcome);
  }

  private take(text: string, onWelcome: () => void): void {
    const message: unknown = JSON.parse(text);
    const { type, cursor } = messageSchema.parse(message);
    this.cursor = cursor ?? this.cursor;
    if (type === 'welcome') onWelcome();
    if (type !== 'event') return;
    const { event_id: eventId, kind, payload } = eventSchema.parse(message);
    this.pushes.push({ eventId, userId: this.userId, kind, imei: payload.imei });
  }
}
