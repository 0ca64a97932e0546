export { registerDevice } from './device.command';
export { liveDevice, type DeviceRow } from './device.service';
export { findDevices } from './device.service';
