/*
 * Facts of the vendor's parameter tables, a row for each IO id: id, name, type and bytes, then multiplier and unit where
 * the value has them, then names of values. Types: u unsigned, s signed, x bytes, t text; no number of bytes means any.
 */

/** FMB0xx, 1xx and 9xx, FMC, FMM, FMU: what only they have. */
export const FMB = `
4 pulseCounter1 u4
5 pulseCounter2 u4
8 authorizedIButton u8
10 sdStatus u1 = 0:absent,1:present
12 fuelUsedGps u4 0.001 l
13 fuelRateGps u2 0.01 l/100km
16 totalOdometer u4 1 m
17 axisX s2 1 mG
18 axisY s2 1 mG
19 axisZ s2 1 mG
25 bleTemperature1 s2 0.01 °C
26 bleTemperature2 s2 0.01 °C
27 bleTemperature3 s2 0.01 °C
28 bleTemperature4 s2 0.01 °C
30 obdFaultCodeCount u1
31 obdEngineLoad u1 1 %
32 coolantTemperature s1 1 °C
33 shortFuelTrim s1 1 %
34 fuelPressure u2 1 kPa
35 intakePressure u1 1 kPa
36 obdEngineRpm u2 1 rpm
37 obdVehicleSpeed u1 1 km/h
38 timingAdvance s1 1 deg
39 intakeAirTemperature s1 1 °C
40 massAirFlow u2 0.01 g/s
41 throttlePosition u1 1 %
42 runtimeSinceEngineStart u2 1 s
43 distanceTraveledMilOn u2 1 km
44 relativeFuelRailPressure u2 0.1 kPa
45 directFuelRailPressure u2 10 kPa
46 commandedEgr u1 1 %
47 egrError s1 1 %
48 obdFuelLevel u1 1 %
49 distanceSinceCodesClear u2 1 km
50 barometricPressure u1 1 kPa
51 controlModuleVoltage u2 0.001 V
52 absoluteLoadValue u2 1 %
53 ambientAirTemperature s1 1 °C
54 timeRunWithMilOn u2 1 min
55 timeSinceCodesCleared u2 1 min
56 absoluteFuelRailPressure u2 0.1 kPa
57 hybridBatteryPackLife u1 1 %
58 engineOilTemperature u1 1 °C
59 fuelInjectionTiming s2 0.01 deg
60 obdFuelRate u2 0.01 l/h
81 canVehicleSpeed u1 1 km/h
82 acceleratorPedalPosition u1 1 %
83 fuelConsumed u4 0.1 l
84 canFuelLevelLitres u2 0.1 l
85 canEngineRpm u2 1 rpm
86 bleHumidity1 u2 0.1 %
87 totalMileage u4 1 m
89 canFuelLevelPercent u1 1 %
90 doorStatus u2
100 programNumber u4
101 moduleId u8
102 engineWorktime u4 1 min
103 engineWorktimeCounted u4 1 min
104 bleHumidity2 u2 0.1 %
105 totalMileageCounted u4 1 m
106 bleHumidity3 u2 0.1 %
107 fuelConsumedCounted u4 0.1 l
108 bleHumidity4 u2 0.1 %
110 canFuelRate u2 0.1 l/h
111 canAdBlueLevelPercent u1 1 %
112 canAdBlueLevelLitres u2 0.1 l
114 canEngineLoad u1 1 %
115 engineTemperature s2 0.1 °C
118 axle1Load u2 1 kg
119 axle2Load u2 1 kg
120 axle3Load u2 1 kg
121 axle4Load u2 1 kg
122 axle5Load u2 1 kg
123 controlStateFlags u4
124 agriculturalMachineryFlags u8
125 harvestingTime u4 1 min
126 areaOfHarvest u4 1 m2
127 mowingEfficiency u4 1 m2/h
128 grainMownVolume u4 1 kg
129 grainMoisture u2 1 %
130 harvestingDrumRpm u2 1 rpm
131 gapUnderHarvestingDrum u1 1 mm
132 securityStateFlags u8
133 tachographTotalVehicleDistance u4 1 m
134 tripDistance u4 1 m
135 tachographVehicleSpeed u2 1 km/h
136 tachoDriverCardPresence u1
137 driver1States u1
138 driver2States u1
139 driver1ContinuousDrivingTime u2 1 min
140 driver2ContinuousDrivingTime u2 1 min
141 driver1CumulativeBreakTime u2 1 min
142 driver2CumulativeBreakTime u2 1 min
143 driver1SelectedActivityDuration u2 1 min
144 driver2SelectedActivityDuration u2 1 min
145 driver1CumulativeDrivingTime u2 1 min
146 driver2CumulativeDrivingTime u2 1 min
147 driver1IdHigh u8
148 driver1IdLow u8
149 driver2IdHigh u8
150 driver2IdLow u8
151 batteryTemperature s2 0.1 °C
152 tractionBatteryLevel u1 1 %
160 canFaultCodeCount u1
161 slopeOfArm s2 1 deg
162 rotationOfArm s2 1 deg
163 ejectOfArm u2 1 m
164 horizontalDistanceArmVehicle u2 1 m
165 heightArmAboveGround u2 1 m
166 drillRpm u2 1 rpm
167 amountOfSpreadSaltSquareMeter u2 1 g/m2
168 canBatteryVoltage u2 1 V
169 amountOfSpreadFineGrainedSalt u4 1 t
170 amountOfCoarseGrainedSalt u4 1 t
171 amountOfSpreadDiMix u4 1 t
172 amountOfSpreadCoarseGrainedCalcium u4 1 m3
173 amountOfSpreadCalciumChloride u4 1 m3
174 amountOfSpreadSodiumChloride u4 1 m3
176 amountOfSpreadMagnesiumChloride u4 1 m3
177 amountOfSpreadGravel u4 1 t
178 amountOfSpreadSand u4 1 t
183 widthPouringLeft u2 1 m
184 widthPouringRight u2 1 m
185 saltSpreaderWorkingHours u4 1 h
186 distanceDuringSalting u4 1 km
187 loadWeight u4 1 kg
188 retarderLoad u1 1 %
189 cruiseTime u4 1 min
210 lls3FuelLevel u2 1 kvant|l
232 gasStatus u1
233 gasUsed u4 1 kg
234 gasLevel u1 1 %
235 oilLevel u1
237 networkType u1 = 0:3G,1:2G,2:4G,3:LTE-M,4:NB-IoT,99:unknown
238 userId u8
247 crashDetection u1 = 1:crash,2:short trace uncalibrated,3:short trace,4:full trace uncalibrated,5:full trace,6:crash uncalibrated
256 obdVin t17
260 ecoDuration u2 1 ms
264 barcodeId t
270 bleFuelLevel1 u2
273 bleFuelLevel2 u2
276 bleFuelLevel3 u2
279 bleFuelLevel4 u2
281 obdFaultCodes t
282 canFaultCodes x
283 drivingState u1 = 1:ignition on,2:driving,3:ignition off
284 drivingRecords u2
285 bloodAlcoholContent u2
304 vehiclesRangeOnBattery u4 1 m
305 vehiclesRangeOnAdditionalFuel u4 1 m
306 bleFuelFrequency1 u4
307 bleFuelFrequency2 u4
308 bleFuelFrequency3 u4
309 bleFuelFrequency4 u4
317 crashEventCounter u1
318 gnssJamming u1
325 canVin t17
327 ul202FuelLevel s2 0.1 mm
329 analogSpeed u2
331 ble1Custom1 x
332 ble2Custom1 x
333 ble3Custom1 x
334 ble4Custom1 x
335 bleLuminosity1 u2 1 lx
336 bleLuminosity2 u2 1 lx
337 bleLuminosity3 u2 1 lx
338 bleLuminosity4 u2 1 lx
380 digitalOutput3 u1
381 groundSense u1
383 accelerometerCalibration u1
385 beacons x
388 moduleIdLong x17
389 obdOemTotalMileage u4 1 km
390 obdOemFuelLevel u4 0.1 l
391 privateMode u1
400 distanceToNextService u4
402 oemDistanceUntilService u4 1 km
403 driverName x35
404 driverCardLicenseType u1
405 driverGender u1
406 driverCardId u4
407 driverCardExpirationDate u1
408 driverCardPlaceOfIssue u4
409 driverStatusEvent u1
410 oemBatteryChargeState u1
411 oemBatteryChargeLevel u1 1 %
412 oemBatteryPowerConsumption u2 1 kWh/100km
451 bleRfid1 x8
452 bleRfid2 x8
453 bleRfid3 x8
454 bleRfid4 x8
455 bleButton1State1 u1
456 bleButton1State2 u1
457 bleButton1State3 u1
458 bleButton1State4 u1
459 bleButton2State1 u1
460 bleButton2State2 u1
461 bleButton2State3 u1
462 bleButton2State4 u1
463 ble1Custom2 u4
464 ble1Custom3 u4
465 ble1Custom4 u4
466 ble1Custom5 u4
467 ble2Custom2 u4
468 ble2Custom3 u4
469 ble2Custom4 u4
470 ble2Custom5 u4
471 ble3Custom2 u4
472 ble3Custom3 u4
473 ble3Custom4 u4
474 ble3Custom5 u4
475 ble4Custom2 u4
476 ble4Custom3 u4
477 ble4Custom4 u4
478 ble4Custom5 u4
483 ul202Status u1
500 msp500VendorName t40
501 msp500VehicleNumber t40
502 msp500SpeedSensor u1
540 throttlePositionGroup u1 1 %
541 commandedEquivalenceRatio u1 0.01
542 intakePressureWide u2 1 kPa
543 hybridSystemVoltage u2 1 V
544 hybridSystemCurrent s2 1 A
548 advancedBeacons x1024
622 frequencyDin1 u2 0.1 Hz
623 frequencyDin2 u2 0.1 Hz
636 lteCellId u4
637 wakeReason u1
755 oemRemainingDistance u2 1 km
759 fuelType u1
1151 oemBatteryStateOfHealth u2 1 %
1152 oemBatteryTemperature s2 1 °C
1412 fallDetection u1
10828 eyeBeaconsNear x
10829 eyeBeaconsFar x
10830 eyeBeaconsAway x
10831 eyeBeaconsLostFound x
`;
