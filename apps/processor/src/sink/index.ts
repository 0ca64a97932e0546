export { RecordColumns, UNKNOWN_SWITCH, UNKNOWN_VOLTAGE } from './record-columns';
export { RecordRows } from './record-rows';
export { PositionFlag, type SinkEntry, type TelemetryRecord, timeFlags } from './records';
export { sinkSettings } from './sink.config';
export { SinkModule } from './sink.module';
export { type Fence, type RefusedEntry, SinkService, type SinkResult } from './sink.service';
