const SLOT_BITS = 8;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const MAX_SERIAL = 0xff_ffff;

/** One word per IO id: in which record it was last seen, and into which slot its value is picked (0 = not picked). */
export class IdMarks {
  private readonly marks = new Uint32Array(0x1_0000);
  private serial = 0;
  private hasDuplicate = false;

  /** At most 255 ids; the slot of an id is its position plus 1. */
  constructor(pickIds: readonly number[]) {
    pickIds.forEach((id, index) => {
      this.marks[id] = index + 1;
    });
  }

  get sawDuplicate(): boolean {
    return this.hasDuplicate;
  }

  startRecord(): void {
    this.hasDuplicate = false;
    if (this.serial === MAX_SERIAL) {
      for (let id = 0; id < this.marks.length; id++) this.marks[id] = this.slotOf(id);
      this.serial = 0;
    }
    this.serial++;
  }

  slotOf(id: number): number {
    return (this.marks[id] ?? 0) & SLOT_MASK;
  }

  /** Notes an occurrence of the id in the current record and returns its slot. */
  see(id: number): number {
    const mark = this.marks[id] ?? 0;
    if (mark >>> SLOT_BITS === this.serial) this.hasDuplicate = true;
    const slot = mark & SLOT_MASK;
    this.marks[id] = (this.serial << SLOT_BITS) | slot;
    return slot;
  }
}
