import { connect, type Socket } from 'node:net';
import {
  CODEC_12,
  CommandType,
  decodeCommand,
  encodeCommand,
  encodeLogin,
  FrameReader,
  payloadOf,
  textOf,
} from '@app/teltonika-codec';

export interface CommandDeviceOptions {
  readonly imei: string;
  /** Where the edge is; asked at each login. */
  readonly address: () => { readonly host: string; readonly port: number };
}

const RETRY_MS = 100;

/** A device that answers every command, and comes back whenever its connection ends, as devices do. */
export class CommandDevice {
  /** The texts of all commands that ever came, in order. */
  readonly heard: string[] = [];
  /** What else came where only commands may. */
  readonly surprises: string[] = [];
  private socket: Socket | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isOver = false;

  constructor(private readonly options: CommandDeviceOptions) {}

  connect(): void {
    const socket = connect(this.options.address());
    this.socket = socket;
    // The edge's side of the stream is that of a device but for the answer to the login, one byte.
    const reader = new FrameReader();
    reader.push(encodeLogin(this.options.imei));
    reader.next();
    let isLoggedIn = false;
    socket.on('connect', () => socket.write(encodeLogin(this.options.imei)));
    socket.on('data', (chunk) => {
      reader.push(isLoggedIn ? chunk : chunk.subarray(1));
      isLoggedIn = true;
      this.take(reader, socket);
    });
    // The edge is killed under it; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.isOver) this.retry = setTimeout(() => this.connect(), RETRY_MS);
    });
  }

  /** Ends for good. */
  stop(): void {
    this.isOver = true;
    clearTimeout(this.retry);
    this.socket?.destroy();
  }

  /** What it says to a command of this text. */
  static answerTo(text: string): string {
    return `done: ${text}`;
  }

  private take(reader: FrameReader, socket: Socket): void {
    for (let result = reader.next(); result.kind !== 'incomplete'; result = reader.next()) {
      if (result.kind !== 'command') {
        this.surprises.push(result.kind);
        socket.destroy();
        return;
      }
      for (const message of decodeCommand(result.frame).messages) {
        const text = textOf(message);
        this.heard.push(text);
        const payload = payloadOf(CommandDevice.answerTo(text));
        socket.write(
          encodeCommand({ codecId: CODEC_12, messages: [{ type: CommandType.response, payload }] }),
        );
      }
    }
  }
}
