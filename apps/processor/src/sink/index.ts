export { PositionFlag, type SinkEntry, type TelemetryRecord, timeFlags } from './records';
export { sinkSettings } from './sink.config';
export { SinkModule } from './sink.module';
export {
  type Fence,
  type RefusedEntry,
  type ResettlingDevice,
  SinkService,
  type SinkResult,
} from './sink.service';
