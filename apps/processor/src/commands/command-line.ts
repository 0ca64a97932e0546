/** A logged-in connection as commands need it; the edge's session is one. */
export interface CommandLine {
  /** When the latest bytes of the device came, by the monotonic clock. */
  readonly heardAt: { readonly tick: number };
  /** False once it ends. */
  readonly isOpen: boolean;
  /**
   * Runs a task between two frames: nothing of the device is in hand or half read when it begins, and nothing is taken
   * in hand before it is over. False, and nothing is run, where that is not so now. The task never rejects.
   */
  interject(task: () => Promise<void>): boolean;
  /** Writes bytes; false, at once or later, when the device is gone, and then maybe some of them are with it. */
  reply(bytes: Uint8Array): boolean | Promise<boolean>;
  /** Ends the connection between two frames. */
  retire(reason: 'replaced' | 'unanswered'): Promise<void>;
}

/** What sessions tell of themselves. None of these throws or rejects. */
export interface SessionCommands {
  /** The device has logged in on this line, its newest in this process. */
  opened(imei: string, line: CommandLine): void;
  /** Nothing comes or goes on the line any more. */
  closed(imei: string, line: CommandLine): void;
  /** A codec 12 to 15 frame with a good CRC; never acknowledged. The next frame waits until this resolves. */
  received(imei: string, line: CommandLine, frame: Buffer): Promise<void>;
  /** A command waits for its answer: the connection should not be ended for reasons that can wait. */
  isBusy(line: CommandLine): boolean;
}
