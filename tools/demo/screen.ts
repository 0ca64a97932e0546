/** Where the demo talks: stdout, or stderr where stdout is kept for the report. Works without a terminal. */
export class Screen {
  private barIsOpen = false;

  constructor(private readonly stream: NodeJS.WriteStream) {
    // Whoever reads may leave (`npm run demo | head`): the run goes on and cleans up.
    stream.on('error', ignoreClosedPipe);
  }

  line(text = ''): void {
    this.closeBar();
    this.stream.write(`${text}\n`);
  }

  /** A step of the start: what, and what came of it. */
  step(name: string, result: string): void {
    this.line(`  ${name.padEnd(14)}${result}`);
  }

  /** On a terminal it moves; elsewhere only its end is shown. */
  progress(name: string, share: number, note: string): void {
    if (!this.stream.isTTY) return;
    this.stream.write(`\r${barLine(name, share, note)}\u001b[K`);
    this.barIsOpen = true;
  }

  progressEnd(name: string, share: number, note: string): void {
    if (this.barIsOpen) this.stream.write('\r\u001b[K');
    this.barIsOpen = false;
    this.line(barLine(name, share, note));
  }

  private closeBar(): void {
    if (this.barIsOpen) this.stream.write('\n');
    this.barIsOpen = false;
  }
}

const BAR_CELLS = 30;

function barLine(name: string, share: number, note: string): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * BAR_CELLS);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
  return `  ${name.padEnd(14)}${bar}  ${note}`;
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** 12345 as `12,345`. */
export const grouped = (count: number): string => count.toLocaleString('en-US');

/** Milliseconds in three digits or so; `-` where there are none yet. */
export function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-';
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
