export { type Fix } from './fix';
export { Fold, fold, type FoundEvent } from './fold';
export { toDegrees } from './geodesy';
export { comparePosition, type Position } from './position';
export { type ActiveRule, bindRule, ruleKey } from './rules';
export {
  type History,
  isCheckpoint,
  type PreviousState,
  settle,
  type Settlement,
  type StoredFix,
} from './settle';
export { decodeState, type DeviceState, EMPTY_STATE, encodeState, STATE_VERSION } from './state';
