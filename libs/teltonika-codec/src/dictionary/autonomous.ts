/*
 * Facts of the vendor's parameter tables, a row for each IO id: id, name, type and bytes, then multiplier and unit where
 * the value has them, then names of values. Types: u unsigned, s signed, x bytes, t text; no number of bytes means any.
 */

/** Battery-powered trackers (TAT): what only they have. */
export const AUTONOMOUS = `
16 totalOdometer u4 1 m
17 axisX s2 0.001 g
18 axisY s2 0.001 g
19 axisZ s2 0.001 g
25 bleTemperature1 s2 1 °C
26 bleTemperature2 s2 1 °C
27 bleTemperature3 s2 1 °C
28 bleTemperature4 s2 1 °C
86 bleHumidity1 u2 1 %
104 bleHumidity2 u2 1 %
106 bleHumidity3 u2 1 %
108 bleHumidity4 u2 1 %
116 chargerConnected u1
247 crashDetection u1
254 greenDrivingValue u1 0.01 g|rad/s
262 digitalInput4 u1
286 gsmSignalRx0 u1
287 gsmCellLac1 u2
288 gsmCellId1 u2
289 gsmSignalRx1 u1
290 gsmCellLac2 u2
291 gsmCellId2 u2
292 gsmSignalRx2 u1
293 gsmCellLac3 u2
294 gsmCellId3 u2
295 gsmSignalRx3 u1
296 gsmCellLac4 u2
297 gsmCellId4 u2
298 gsmSignalRx4 u1
331 ble1Custom1 x256
332 ble2Custom1 x256
333 ble3Custom1 x256
334 ble4Custom1 x256
385 beacons x
386 lastKnownPosition u2 1 s
389 buttonClick x
390 powerEvent u1
399 timeToFirstFix u1 1 s
400 amberAlertState u1
`;

/** The FT platform (FTC, FTM, ATC): what is known to differ; the rest of its table is not published in a form that we have. */
export const FT_PLATFORM = `
11317 beacons x
67 batteryVoltage u2 1 mV
68 batteryCurrent u2 1 mA
181 gnssPdop u2
182 gnssHdop u2
205 gsmCellId u4
303 instantMovement u1
`;
