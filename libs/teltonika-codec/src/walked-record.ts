import { type AvlColumns } from './columns';
import { RecordFlag } from './record';

/** One record of a walked packet: a row of the columns. Shows other values after the next walk. */
export class WalkedRecord {
  /** @param index Position in the packet, before any sorting. */
  constructor(
    private readonly columns: AvlColumns,
    readonly index: number,
  ) {}

  /** Byte range of the record: [recordStart, recordEnd). */
  get recordStart(): number {
    return this.columns.startAt[this.index] ?? 0;
  }

  get recordEnd(): number {
    return this.columns.startAt[this.index + 1] ?? 0;
  }

  /** Exact up to 2^53, rounded above; `AvlWalk.timestampExactMs` is exact always. */
  get timestampMs(): number {
    return this.columns.timestampMs[this.index] ?? 0;
  }

  get priority(): number {
    return this.columns.priority[this.index] ?? 0;
  }

  /** 1e-7 degrees. */
  get longitude(): number {
    return this.columns.longitude[this.index] ?? 0;
  }

  /** 1e-7 degrees. */
  get latitude(): number {
    return this.columns.latitude[this.index] ?? 0;
  }

  get altitudeM(): number {
    return this.columns.altitudeM[this.index] ?? 0;
  }

  get angleDeg(): number {
    return this.columns.angleDeg[this.index] ?? 0;
  }

  get satellites(): number {
    return this.columns.satellites[this.index] ?? 0;
  }

  get speedKmh(): number {
    return this.columns.speedKmh[this.index] ?? 0;
  }

  get eventIoId(): number {
    return this.columns.eventIoId[this.index] ?? 0;
  }

  /** Codec 16; 0 in the others. */
  get generationType(): number {
    return this.columns.generationType[this.index] ?? 0;
  }

  get ioCount(): number {
    return this.elementsEnd - this.firstElement;
  }

  /** Bits of RecordFlag, without `duplicateIo`: ask `hasDuplicateIo`. */
  get flags(): number {
    return this.columns.flags[this.index] ?? 0;
  }

  get isFixValid(): boolean {
    return (this.flags & RecordFlag.fixInvalid) === 0;
  }

  /** Whether an IO id occurs twice. Looked up when asked: nothing that is done with every record depends on it. */
  get hasDuplicateIo(): boolean {
    const ids = this.columns.elementId.subarray(this.firstElement, this.elementsEnd);
    return new Set(ids).size !== ids.length;
  }

  /**
   * The unsigned value of an IO id, the last one where it occurs twice; undefined when the record does not carry it as
   * a fixed-width value of at most 2^53 - 1. Missing is not zero.
   */
  io(id: number): number | undefined {
    const { elementId, elementLow, elementHigh, firstWide, firstVariable } = this.columns;
    const first = this.firstElement;
    let element = (firstVariable[this.index] ?? 0) - 1;
    for (; element >= first && elementId[element] !== id; element--);
    if (element < first) return undefined;
    const low = elementLow[element] ?? 0;
    if (element < (firstWide[this.index] ?? 0)) return low;
    const value = (elementHigh[element] ?? 0) * 0x1_0000_0000 + low;
    return value > Number.MAX_SAFE_INTEGER ? undefined : value;
  }

  private get firstElement(): number {
    return this.columns.firstElement[this.index] ?? 0;
  }

  private get elementsEnd(): number {
    return this.columns.firstElement[this.index + 1] ?? 0;
  }
}
