export { RecordColumns, UNKNOWN_VOLTAGE } from './record-columns';
export { RecordRows, switchNumber } from './record-rows';
export { rowsOf } from './rows-of';
export { PositionFlag, type TelemetryRecord, timeFlags } from './records';
export { type SinkEntry } from './sink-entry';
export { sinkSettings } from './sink.config';
export { SinkModule } from './sink.module';
export {
  type Fence,
  type RefusedEntry,
  type ResettlingDevice,
  SinkService,
  type SinkResult,
} from './sink.service';
