import { type RecordRows } from './record-rows';

/** One stream entry: the records of a frame of one device. */
export interface SinkEntry {
  readonly imei: string;
  readonly receivedAtMs: number;
  readonly traceparent: string | undefined;
  readonly records: RecordRows;
}
