export { overviewSettings } from './overview.config';
export { OverviewModule } from './overview.module';
