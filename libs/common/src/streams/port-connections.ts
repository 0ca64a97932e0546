/** Where a device is connected. Of two connections the one with the higher epoch is the newer. */
export interface Connection {
  readonly instance: string;
  readonly epoch: bigint;
}

export interface ClaimConnectionRequest {
  readonly imei: string;
  readonly instance: string;
  /** The entry goes away by itself when nobody keeps it for so long: its instance has died. */
  readonly ttlMs: number;
}

export interface ClaimedConnection {
  /** Of this connection; above that of every one before it, also of those whose entries have expired. */
  readonly epoch: bigint;
  /** What stood there before. */
  readonly replaced?: Connection;
  /** True where commands wait for the device (deviceCommandsStream, COMMAND_GROUP). */
  readonly hasCommands: boolean;
}

export interface HeldConnection {
  readonly imei: string;
  /** Undefined for a connection whose claim failed: it becomes the device's only where none is known. */
  readonly epoch: bigint | undefined;
}

export interface KeepConnectionsRequest {
  readonly instance: string;
  readonly ttlMs: number;
  readonly held: readonly HeldConnection[];
}

export type KeptConnection =
  | { readonly kind: 'kept'; readonly epoch: bigint; readonly hasCommands: boolean }
  /** A newer connection has the device. */
  | { readonly kind: 'lost'; readonly by: Connection };

/** Which instance has a device's newest connection: each verb compares and sets in one step, on one device's slot. */
export interface ConnectionRegistry {
  /** The newest connection wins, whoever had the device. A repeat claims anew, replacing itself. */
  claimConnection(request: ClaimConnectionRequest): Promise<ClaimedConnection>;
  /** Keeps what is still its own, and puts back what the store has lost or let expire. Answers in the order given. */
  keepConnections(request: KeepConnectionsRequest): Promise<readonly KeptConnection[]>;
  /** Removes the entry if it is still of this epoch. */
  releaseConnection(imei: string, epoch: bigint): Promise<void>;
  findConnection(imei: string): Promise<Connection | undefined>;
}
