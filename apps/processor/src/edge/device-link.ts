import { type Transport } from '@app/common/contracts';

/** A byte stream to one device, whatever kind of socket carries it. None of these throws or rejects. */
export interface DeviceLink {
  readonly transport: Transport;
  /** Remote address and port, for operators. */
  readonly peer: string;
  /** The address alone, by which bad logins are counted. */
  readonly address: string;
  /** True when the bytes are with the operating system, at once or later; false when the link is gone. */
  write(bytes: Uint8Array): boolean | Promise<boolean>;
  pause(): void;
  resume(): void;
  /**
   * Closes in good order, once everything written is with the system and never in the turn of a write: a device that
   * gets its ack and the end of the connection in one go loses the ack and sends the same packet for ever.
   */
  end(): void;
  /** Closes at once; what was not read or written is gone. */
  destroy(): void;
}

/** What a link tells its session. */
export interface LinkEvents {
  /** The chunk's memory is the link's again after the call. */
  onBytes(chunk: Uint8Array): void;
  /** The device will send no more; it may still read. */
  onEnd(): void;
  /** Nothing comes or goes any more. Always the last one. */
  onClose(): void;
}
