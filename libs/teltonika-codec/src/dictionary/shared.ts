/*
 * Facts of the vendor's parameter tables, a row for each IO id: id, name, type and bytes, then multiplier and unit where
 * the value has them, then names of values. Types: u unsigned, s signed, x bytes, t text; no number of bytes means any.
 */

/** Alike in the FMB family and the autonomous trackers. */
export const FMB_AND_AUTONOMOUS = `
6 analogInput2 u2 0.001 V
9 analogInput1 u2 0.001 V
11 iccid1 u8
14 iccid2 u8
15 ecoScore u2 0.01
20 bleBattery2 u1 1 %
22 bleBattery3 u1 1 %
23 bleBattery4 u1 1 %
29 bleBattery1 u1 1 %
61 geofenceZone6 u1 = @zone
62 geofenceZone7 u1 = @zone
63 geofenceZone8 u1 = @zone
64 geofenceZone9 u1 = @zone
65 geofenceZone10 u1 = @zone
66 externalVoltage u2 0.001 V
67 batteryVoltage u2 0.001 V
68 batteryCurrent u2 0.001 A
69 gnssStatus u1 = 0:off,1:fix,2:no fix,3:asleep
70 geofenceZone11 u1 = @zone
71 dallasTemperatureId4 u8
72 dallasTemperature1 s4 0.1 °C
73 dallasTemperature2 s4 0.1 °C
74 dallasTemperature3 s4 0.1 °C
75 dallasTemperature4 s4 0.1 °C
76 dallasTemperatureId1 u8
77 dallasTemperatureId2 u8
79 dallasTemperatureId3 u8
80 dataMode u1 = 0:home stopped,1:home moving,2:roaming stopped,3:roaming moving,4:unknown stopped,5:unknown moving
88 geofenceZone12 u1 = @zone
91 geofenceZone13 u1 = @zone
92 geofenceZone14 u1 = @zone
93 geofenceZone15 u1 = @zone
94 geofenceZone16 u1 = @zone
95 geofenceZone17 u1 = @zone
96 geofenceZone18 u1 = @zone
97 geofenceZone19 u1 = @zone
98 geofenceZone20 u1 = @zone
99 geofenceZone21 u1 = @zone
113 batteryLevel u1 1 %
153 geofenceZone22 u1 = @zone
154 geofenceZone23 u1 = @zone
155 geofenceZone1 u1 = @zone
156 geofenceZone2 u1 = @zone
157 geofenceZone3 u1 = @zone
158 geofenceZone4 u1 = @zone
159 geofenceZone5 u1 = @zone
190 geofenceZone24 u1 = @zone
191 geofenceZone25 u1 = @zone
192 geofenceZone26 u1 = @zone
193 geofenceZone27 u1 = @zone
194 geofenceZone28 u1 = @zone
195 geofenceZone29 u1 = @zone
196 geofenceZone30 u1 = @zone
197 geofenceZone31 u1 = @zone
198 geofenceZone32 u1 = @zone
199 tripOdometer u4 1 m
200 sleepMode u1 = 0:awake,1:GNSS asleep,2:deep,3:online deep,4:ultra deep
205 gsmCellId u2
208 geofenceZone33 u1 = @zone
209 geofenceZone34 u1 = @zone
216 geofenceZone35 u1 = @zone
217 geofenceZone36 u1 = @zone
218 geofenceZone37 u1 = @zone
219 geofenceZone38 u1 = @zone
220 geofenceZone39 u1 = @zone
221 geofenceZone40 u1 = @zone
222 geofenceZone41 u1 = @zone
223 geofenceZone42 u1 = @zone
224 geofenceZone43 u1 = @zone
225 geofenceZone44 u1 = @zone
226 geofenceZone45 u1 = @zone
227 geofenceZone46 u1 = @zone
228 geofenceZone47 u1 = @zone
230 geofenceZone49 u1 = @zone
231 geofenceZone50 u1 = @zone
236 alarm u1 = 1:alarm
243 greenDrivingEventDuration u2 1 ms
248 immobilizer u1 = 0:no iButton,1:iButton,2:authorized iButton
251 idling u1 = 0:moving,1:idling
252 unplug u1 = 0:powered,1:unplugged
257 crashTraceData x
263 btStatus u1 = 0:off,1:no device,2:classic,3:low energy,4:both
387 coordinatesIso6709 x34
10800 eyeTemperature1 s2 0.01 °C
10801 eyeTemperature2 s2 0.01 °C
10802 eyeTemperature3 s2 0.01 °C
10803 eyeTemperature4 s2 0.01 °C
10804 eyeHumidity1 u1 1 %
10805 eyeHumidity2 u1 1 %
10806 eyeHumidity3 u1 1 %
10807 eyeHumidity4 u1 1 %
10808 eyeMagnet1 u1
10809 eyeMagnet2 u1
10810 eyeMagnet3 u1
10811 eyeMagnet4 u1
10812 eyeMovement1 u2
10813 eyeMovement2 u2
10814 eyeMovement3 u2
10815 eyeMovement4 u2
10816 eyePitch1 s1
10817 eyePitch2 s1
10818 eyePitch3 s1
10819 eyePitch4 s1
10820 eyeLowBattery1 u1
10821 eyeLowBattery2 u1
10822 eyeLowBattery3 u1
10823 eyeLowBattery4 u1
10824 eyeBatteryVoltage1 u1
10825 eyeBatteryVoltage2 u1
10826 eyeBatteryVoltage3 u1
10827 eyeBatteryVoltage4 u1
10832 eyeRoll1 s2
10833 eyeRoll2 s2
10834 eyeRoll3 s2
10835 eyeRoll4 s2
10836 eyeMovementCount1 u2
10837 eyeMovementCount2 u2
10838 eyeMovementCount3 u2
10839 eyeMovementCount4 u2
10840 eyeMagnetCount1 u2
10841 eyeMagnetCount2 u2
10842 eyeMagnetCount3 u2
10843 eyeMagnetCount4 u2
`;

/** Alike in the FMB family, the professional and the autonomous trackers. */
export const EVERY_BUT_FT = `
1 digitalInput1 u1
2 digitalInput2 u1
3 digitalInput3 u1
21 gsmSignal u1
24 speed u2 1 km/h
78 iButton u8
175 autoGeofence u1 = 0:left,1:entered
179 digitalOutput1 u1
180 digitalOutput2 u1
181 gnssPdop u2 0.1
182 gnssHdop u2 0.1
206 areaCode u2
229 geofenceZone48 u1 = @zone
239 ignition u1 = 0:off,1:on
240 movement u1 = 0:off,1:on
241 gsmOperator u4
246 towing u1 = 0:steady,1:towed
249 jamming u1 = 0:ended,1:started
250 trip u1 = 0:ended,1:started,2:business,3:private,4:custom 4,5:custom 5,6:custom 6,7:custom 7,8:custom 8,9:custom 9
253 greenDrivingType u1 = 1:acceleration,2:braking,3:cornering
255 overspeed u1 1 km/h
303 instantMovement u1
`;

/** Alike in the FMB family and the professional trackers. */
export const FMB_AND_PROFESSIONAL = `
201 llsFuelLevel1 s2 1 kvant|l
202 lls1Temperature s1 1 °C
203 lls2FuelLevel s2 1 kvant|l
204 lls2Temperature s1 1 °C
207 rfid u8
211 lls3Temperature s1 1 °C
212 lls4FuelLevel s2 1 kvant|l
213 lls4Temperature s1 1 °C
214 lls5FuelLevel s2 1 kvant|l
215 lls5Temperature s1 1 °C
254 greenDrivingValue u1 0.01 g|rad/s
258 ecoMaximum u8
259 ecoAverage u8
449 ignitionOnCounter u4 1 s
`;

/** Alike in the professional and the autonomous trackers. */
export const PROFESSIONAL_AND_AUTONOMOUS = `
242 dataLimitHit u1
`;
