export { overviewSettings } from './overview.config';
export { OverviewModule } from './overview.module';
export { watchedStreams, type WatchedStream } from './watched-streams';
