/** The shape of the load of the sink and of the whole way: 20 records a frame, 12 IO elements a record. */
export const RECORDS_A_FRAME = 20;
export const IO_IDS = { 1: [239, 240, 21, 200, 69], 2: [66, 67, 181, 182, 24], 4: [16, 241] } as const;

export const LIMIT_KMH = 100;
/** One record in so many is above the limit: a start and an end, so that one record in a hundred is an event. */
const SPEEDING_EVERY = 200;

/** `phase` is the number of the record, shifted for each device so that they do not speed together. */
export const speedKmhAt = (phase: number): number =>
  phase % SPEEDING_EVERY === 0 ? LIMIT_KMH + 10 : 40 + (phase % 50);
