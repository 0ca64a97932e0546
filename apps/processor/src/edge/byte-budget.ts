/**
 * What all sessions of this process may hold of bytes that are not durable yet. Below the limit nobody is held back;
 * above it who holds more than an equal share reads no further until there is room, so that those who drip large
 * frames cannot take the place of the others. Their deadline for a frame goes on and frees what they hold.
 */
export class ByteBudget {
  private usedBytes = 0;
  private shares = 0;
  private readonly waiting = new Set<ByteShare>();

  constructor(private readonly limitBytes: number) {}

  get used(): number {
    return this.usedBytes;
  }

  /** @param resume called when a share that was told not to read may read again. */
  open(resume: () => void): ByteShare {
    this.shares += 1;
    return new ByteShare(this, resume);
  }

  closed(share: ByteShare): void {
    this.shares -= 1;
    this.waiting.delete(share);
  }

  move(bytes: number): void {
    this.usedBytes += bytes;
    if (this.waiting.size > 0 && bytes < 0 && this.usedBytes <= this.limitBytes) this.wake();
  }

  mayRead(share: ByteShare): boolean {
    const mayRead = this.usedBytes <= this.limitBytes || share.held <= this.limitBytes / this.shares;
    if (!mayRead) this.waiting.add(share);
    return mayRead;
  }

  private wake(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const share of woken) share.resume();
  }
}

/** What one session holds. */
export class ByteShare {
  held = 0;
  private isClosed = false;

  constructor(
    private readonly budget: ByteBudget,
    readonly resume: () => void,
  ) {}

  get mayRead(): boolean {
    return this.budget.mayRead(this);
  }

  hold(bytes: number): void {
    if (bytes === this.held || this.isClosed) return;
    const change = bytes - this.held;
    this.held = bytes;
    this.budget.move(change);
  }

  close(): void {
    if (this.isClosed) return;
    this.hold(0);
    this.isClosed = true;
    this.budget.closed(this);
  }
}
