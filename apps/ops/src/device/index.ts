export { registerDevice } from './device.command';
export { findDevices, liveDevice, type DeviceRow } from './device.service';
export { answerSettled, WAIT_OPTION, waitField } from './rehydrate-verb';
export { settlementOf, waitUntilSettled } from './settlement';
