type Callable = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Watches the timers that a test file's code makes through its globals, with the place each was made at. Counting the
 * process' timers instead would count Jest's own. (Timers from `node:timers` are not seen.)
 */
export class OpenTimers {
  private readonly open = new Map<object, Error>();

  /** Replaces the timer functions of a global object by watched ones with the same properties. */
  watch(target: object): void {
    for (const name of ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval']) {
      const original: unknown = Reflect.get(target, name);
      if (!isCallable(original)) continue;
      const watched = name.startsWith('set')
        ? this.making(target, original, name === 'setTimeout')
        : this.clearing(target, original);
      // util.promisify() and fake timers look at properties of the function.
      Object.defineProperties(watched, Object.getOwnPropertyDescriptors(original));
      Reflect.set(target, name, watched);
    }
  }

  /** Where each timer that still keeps the process alive was made. */
  places(): string[] {
    return [...this.open].filter(([timer]) => hasRef(timer)).map(([, made]) => placeOf(made));
  }

  private making(target: object, original: Callable, once: boolean): Callable {
    return (callback, ...rest) => {
      const run = (...args: unknown[]): unknown => {
        if (once) this.open.delete(timer);
        return isCallable(callback) ? callback.apply(target, args) : undefined;
      };
      const timer: object = asTimer(original.apply(target, [isCallable(callback) ? run : callback, ...rest]));
      this.open.set(timer, new Error('made here'));
      return timer;
    };
  }

  private clearing(target: object, original: Callable): Callable {
    return (timer, ...rest) => {
      if (typeof timer === 'object' && timer !== null) this.open.delete(timer);
      return original.apply(target, [timer, ...rest]);
    };
  }
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}

function asTimer(value: unknown): object {
  if (typeof value === 'object' && value !== null) return value;
  throw new Error('this environment makes timers that are no objects: the leak check needs those of Node');
}

/** False for a timer after unref(), which keeps nothing alive. */
function hasRef(timer: object): boolean {
  return !('hasRef' in timer && isCallable(timer.hasRef)) || timer.hasRef() === true;
}

/** The first line of the stack outside this file and node itself. */
function placeOf(made: Error): string {
  const lines = (made.stack ?? '').split('\n').slice(1);
  return (lines.find((line) => !line.includes('open-timers') && !line.includes('node:')) ?? '').trim();
}
