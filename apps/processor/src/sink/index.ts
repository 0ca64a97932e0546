export { RecordColumns, UNKNOWN_SWITCH, UNKNOWN_VOLTAGE } from './record-columns';
export { RecordRows } from './record-rows';
export { PositionFlag, type TelemetryRecord, timeFlags } from './records';
export { type SinkEntry } from './sink-entry';
export { sinkSettings } from './sink.config';
export { SinkModule } from './sink.module';
export { type Fence, type RefusedEntry, SinkService, type SinkResult } from './sink.service';
